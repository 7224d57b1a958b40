"""Names of uploaded files: whatever comes, what is kept stays inside its folder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segloop.errors import ImageError
from segloop_store.filenames import MAX_FILENAME_BYTES, check_filename


@given(st.text(alphabet="ab./\\:\x00\n ü\u0308\ud800", max_size=30))
def test_kept_names_are_relative_and_stable(raw: str) -> None:
    try:
        kept = check_filename(raw)
    except ImageError:
        return
    parts = kept.split("/")
    assert not {"", ".", ".."} & set(parts)
    assert not set(kept) & set("\\\x00\n")
    assert kept[1:2] != ":"
    assert check_filename(kept) == kept


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("../x.png", "leads out"),
        ("a/../x.png", "leads out"),
        ("/x.png", "absolute"),
        ("C:x.png", "absolute"),
        ("a\\x.png", "backslash"),
        ("a\x00.png", "control"),
        ("a\u0085.png", "control"),
        ("", "empty"),
        ("./", "empty"),
        ("a/", "empty"),
        ("x" * 256, "255 bytes"),
        ("ü" * 128, "255 bytes"),
        ("/".join(["x" * 200] * 6), f"{MAX_FILENAME_BYTES} bytes"),
    ],
)
def test_refusal_names_the_rule(raw: str, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        check_filename(raw)
