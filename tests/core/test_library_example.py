"""The blocks of docs/library.md run as they are printed, one after the other: somebody will paste them."""

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "library.md"


def test_the_librarys_page_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.finditer(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        first_line = page.count("\n", 0, block.start(1))
        # empty lines before it: a traceback names the line of the page
        exec(compile("\n" * first_line + block[1], str(PAGE), "exec"), names)

    printed = capsys.readouterr().out
    asked = [int(count) for count in re.findall(r"round \d: (\d+) regions, mean IoU 0\.\d+", printed)]
    assert len(asked) == 2
    assert 0 < asked[0] < asked[1] < names["pool"].num_regions  # each round asked for more
    assert "5 images to ask about, 2 to measure on, 11 classes" in printed
    assert len(names["queries"]) > 0
    assert not any(names["pool"].asked(query.image_index)[query.region_index] for query in names["queries"])
    assert names["embeddings"].grad.abs().sum() > 0
    assert re.findall(r"^(\S+) (\d) \d+\.\d% asked", printed, re.MULTILINE) == [
        ("segloop", "1"),
        ("segloop", "2"),
        ("by-chance", "1"),
        ("by-chance", "2"),
    ]
    assert (tmp_path / "compare" / "curve.svg").is_file()
