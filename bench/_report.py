"""What every measurement prints and keeps: a table, and JSON with machine, date and commit."""

import json
import os
import platform
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def median(values: list[float]) -> float:
    """The middle one of the sorted values (the upper of two)."""
    return sorted(values)[len(values) // 2]


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that at least `percent` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(len(ordered) * percent) // 100) - 1))]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def commit() -> str:
    """The checkout's commit, marked when the tree differs from it in more than results."""

    def git(*arguments: str) -> str:
        run = ["git", *arguments]
        return subprocess.run(run, capture_output=True, text=True, check=False, cwd=RESULTS.parent).stdout

    found = git("describe", "--always", "--abbrev=12").strip()
    # a bench that publishes several tables has changed the tree itself by the second
    differs = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)bench/results")
    return found + "-dirty" * bool(differs) or "unknown"


def publish(name: str, rows: list[dict[str, Any]], **facts: Any) -> None:
    """Print rows as a Markdown table and keep them in `bench/results/<name>.json`."""
    columns = list(rows[0])
    print(f"\n## {name}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(_cell(row[column]) for column in columns)} |")
    about = {"date": date.today().isoformat(), "commit": commit(), "machine": machine(), **facts}  # noqa: DTZ011
    print("\n" + ", ".join(f"{key}: {value}" for key, value in about.items()))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"rows": rows, **about}, indent=1) + "\n")


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
