import subprocess
import sys

import pytest

import segloop


@pytest.mark.parametrize("name", dir(segloop))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(segloop, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = segloop.nonsense


def test_importing_the_package_loads_neither_torch_nor_numpy() -> None:
    code = "import sys, segloop; sys.exit(bool({'torch', 'numpy'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
