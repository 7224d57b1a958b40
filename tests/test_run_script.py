"""`./run` itself: its list, its refusals, and what it says when set-up cannot go on."""

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.process_watch import is_gone, wait_until

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(name="run_script")
def load_run_script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("run_script", str(ROOT / "run"))
    spec = importlib.util.spec_from_loader("run_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def run(*args: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "run"), *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_lists_every_command(run_script: ModuleType) -> None:
    done = run("help")

    assert done.returncode == 0
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("./run ")}
    assert set(run_script.COMMANDS) - {"serve"} <= listed


def test_an_unknown_command_is_refused_with_the_list() -> None:
    done = run("launch")

    assert done.returncode == 2
    assert "./run launch: no such command" in done.stderr
    assert "./run demo" in done.stderr


def test_bench_without_a_name_lists_the_measurements() -> None:
    done = run("bench")

    assert done.returncode == 1
    assert "upload" in done.stderr
    assert "_report" not in done.stderr


def test_a_missing_venv_module_says_which_package_to_install(run_script: ModuleType) -> None:
    output = "The virtual environment was not created successfully because ensurepip is not available."

    with pytest.raises(run_script.SetUpError, match=r"apt-get install python3.*-venv"):
        run_script.explain_venv_failure(output)


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    script = shutil.copy(ROOT / "run", tmp_path / "run")
    for folder in tmp_path.parents:
        if not folder.stat().st_mode & 0o005:  # pytest's own folders are for their owner alone
            folder.chmod(0o755)
    tmp_path.chmod(0o555)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*as_nobody, "/usr/bin/env", "python3", script], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"{tmp_path} cannot be written by you, and everything is installed into it: "
        "clone into a folder of your own."
    )


def test_a_full_disk_is_noticed_before_anything_is_installed(run_script: ModuleType) -> None:
    with pytest.raises(run_script.SetUpError, match="GB free"):
        run_script.check_disk(needed_gb=10**9)


def test_an_unreachable_index_is_one_clear_line(
    run_script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_script, "VENV", tmp_path / "venv")
    monkeypatch.setattr(run_script, "ROOT", tmp_path)
    monkeypatch.setattr(run_script, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(run_script, "STAMPS", tmp_path / "venv" / "stamps")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")

    with pytest.raises(run_script.SetUpError, match="package index could not be reached"):
        run_script.make_venv()


def test_sigterm_during_set_up_takes_the_child_along(run_script: ModuleType, tmp_path: Path) -> None:
    marker = tmp_path / "child.pid"
    sleeper = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = (
        "import importlib.machinery, importlib.util, signal, sys\n"
        f"loader = importlib.machinery.SourceFileLoader('run_script', {run_script.__file__!r})\n"
        "script = importlib.util.module_from_spec(importlib.util.spec_from_loader('run_script', loader))\n"
        "loader.exec_module(script)\n"
        "signal.signal(signal.SIGTERM, script.stop_set_up)\n"
        f"script.call([sys.executable, '-c', {sleeper!r}])\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as setting_up:
        wait_until(lambda: marker.exists() and marker.read_text() != "")
        setting_up.terminate()
        assert setting_up.wait(20) == 143
    wait_until(lambda: is_gone(int(marker.read_text())))
