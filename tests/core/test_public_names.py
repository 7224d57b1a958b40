import ast
import importlib
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import segloop

NEED_TORCH = {
    "ContrastSettings",
    "ImageScores",
    "SegmentationNetwork",
    "Simulation",
    "SimulationConfig",
    "TrainedModel",
    "build_network",
    "class_loss_weights",
    "cross_entropy",
    "describe_network",
    "encode_pool",
    "evaluate",
    "fit_to_data",
    "load_config",
    "load_weights",
    "parse_config",
    "regional_contrast",
    "save_weights",
    "score_images",
    "separate_cross_entropy",
    "summarise_pool",
    "train",
}
"""All others serve a machine that has none."""


def _promised() -> list[tuple[str, str]]:
    """(module, name) of the imports that editors and type checkers read."""
    tree = ast.parse(Path(segloop.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    return [
        (str(node.module), alias.name)
        for node in imports
        if str(node.module).startswith("segloop.")
        for alias in node.names
    ]


@pytest.mark.parametrize("name", dir(segloop))
def test_a_public_name_is_its_home_modules_own(name: str) -> None:
    found = getattr(segloop, name)
    (home,) = (module for module, promised in _promised() if promised == name)
    assert found is getattr(importlib.import_module(home), name)
    if callable(found):  # a class or a function, where it was written and not where it passed by
        assert (found.__module__, found.__name__) == (home, name)
    else:
        assert name.isupper()
        assert name in _assigned_in(home)


def _assigned_in(module: str) -> set[str]:
    """Names of the constants written in a module."""
    path = importlib.import_module(module).__file__
    assert path is not None
    found = set()
    for node in ast.parse(Path(path).read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_the_names_are_sorted_and_those_that_editors_see() -> None:
    names = dir(segloop)
    assert names == sorted(set(names))
    promised = sorted((name, module.removeprefix("segloop.")) for module, name in _promised())
    assert promised == sorted(segloop._HOME_OF.items())
    # a submodule, once imported, would hide a public name of its own name
    modules = {path.stem for path in Path(segloop.__file__).parent.iterdir()}
    assert not modules & set(names)


@pytest.mark.parametrize("name", [name for name in dir(segloop) if name[0].islower()])
def test_what_a_public_function_takes_and_gives_is_public_too(name: str) -> None:
    hints = typing.get_type_hints(getattr(segloop, name))
    named = {kind.__name__ for kind in _classes(*hints.values()) if kind.__module__.startswith("segloop.")}
    assert named - {"Processes", "Purpose"} <= set(dir(segloop))  # these two are the loop's own business


def _classes(*hints: Any) -> Iterator[type]:
    """The classes of annotations and of what stands in their brackets."""
    for hint in hints:
        if isinstance(hint, list):
            yield from _classes(*hint)
        elif arguments := typing.get_args(hint):
            yield from _classes(*arguments)
        elif isinstance(hint, type):
            yield hint


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = segloop.nonsense


def test_importing_the_package_loads_neither_torch_nor_numpy() -> None:
    _run("import segloop; assert not {'torch', 'numpy'} & set(sys.modules)")


def test_settings_load_neither_torch_nor_numpy() -> None:
    _run("import segloop; segloop.RoundSettings(); assert not {'torch', 'numpy'} & set(sys.modules)")


def test_most_names_need_no_torch() -> None:
    found = _run("""
import segloop

sys.modules["torch"] = None  # importing it fails, as where it is not installed
for name in dir(segloop):
    try:
        getattr(segloop, name)
    except ImportError:
        print(name)
""")
    assert set(found.split()) == NEED_TORCH


def _run(code: str) -> str:
    """What a Python of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
