"""Loops under SIGKILL of server and workers: nothing acknowledged may be lost or doubled.

./run bench kill [--loops 3] [--kills 8] [--seed 0]
"""

import argparse

from bench._kill_loop import run_kill_loop
from bench._report import publish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loops", type=int, default=3)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = []
    for seed in range(options.seed, options.seed + options.loops):
        report = run_kill_loop(seed=seed, num_kills=options.kills)
        rows.append(
            {
                "seed": seed,
                "killed": ", ".join(f"{name} {number}" for name, number in sorted(report.killed.items())),
                "acknowledged": report.num_acknowledged,
                "lost": report.num_lost,
                "doubled": report.num_doubled,
                "rounds": report.num_rounds,
                "seconds": report.seconds,
            }
        )
    publish("kill", rows, database="SQLite", broker="file system")
    if any(row["lost"] or row["doubled"] for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
