"""One door for each change: rules of the store that a reader of any package may rely on."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("store", "server", "worker")


def _calls(*names: str) -> Iterator[str]:
    """`<file>` of every call of a method with one of the names."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in names:
                    yield path.name


def _imports(module: str) -> set[str]:
    """Files under `SOURCES` that import `module` or a part of it."""
    found: set[str] = set()
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module]
                if any(name.split(".")[0] == module for name in names):
                    found.add(path.name)
    return found


def test_one_place_commits() -> None:
    assert list(_calls("commit")) == ["database.py"]


def test_one_place_sends_messages() -> None:
    assert list(_calls("send_task", "apply_async", "delay")) == ["broker.py"]


def test_celery_is_imported_by_the_broker_and_the_worker_alone() -> None:
    assert "broker.py" in _imports("celery")
    in_server = {path.name for path in (ROOT / "server").rglob("*.py")}
    assert not _imports("celery") & in_server - {path.name for path in (ROOT / "worker").rglob("*.py")}


@pytest.mark.parametrize("module", ["jobs", "reconciler", "migrate", "blobs"])
def test_store_imports_nothing_heavy(module: str) -> None:
    heavy = {"torch", "celery", "numpy", "skimage"}
    program = f"import sys, segloop_store.{module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
