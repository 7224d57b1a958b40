"""Before a start: migrates a database that is not at the newest revision. `python -m segloop_store.prepare`.

Nearly always it is, and an SQLite file tells so without SQLAlchemy or Alembic: importing them costs most of a
second, in which nothing else of a start could happen. Whatever this cannot tell is left to `migrate`.
"""

import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from segloop_store.errors import StoreError

_REVISION = re.compile(r"^(down_revision|revision)\b[^=]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def is_at_head(database_path: Path) -> bool:
    """Whether an SQLite file is at the newest revision; False where that cannot be told."""
    if not database_path.is_file():
        return False
    try:
        address = f"file:{quote(str(database_path))}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            found = [str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.Error:
        return False
    return found == _heads(migrations_dir() / "versions")


def migrations_dir() -> Path:
    """Where the migrations are: in the installed package, else in the checkout.

    Raises:
        StoreError: in neither.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "migrations", package.parents[1] / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise StoreError(f"there are no migrations in {package} nor beside it: the installation is incomplete")


def _heads(versions: Path) -> list[str]:
    """Revisions that no other comes after."""
    texts = [path.read_text() for path in versions.glob("*.py")]
    found = [match.groups() for text in texts for match in _REVISION.finditer(text)]
    followed = {value for name, value in found if name == "down_revision"}
    return sorted({value for name, value in found if name == "revision"} - followed)


def main() -> int:
    """The command line; returns the exit status."""
    data_dir = os.environ.get("SEGLOOP_DATA_DIR")
    if data_dir and not os.environ.get("SEGLOOP_DATABASE_URL") and is_at_head(Path(data_dir) / "segloop.db"):
        return 0
    from segloop_store.migrate import main as migrate  # noqa: PLC0415 - the point of this module

    return migrate([])


if __name__ == "__main__":
    sys.exit(main())
