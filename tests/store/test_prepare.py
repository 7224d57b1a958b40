"""Whether a start has to migrate, told without SQLAlchemy."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from segloop_store.database import Database
from segloop_store.migrate import current_revision, head_revision, migrate
from segloop_store.prepare import is_at_head


def test_only_a_database_at_the_newest_revision_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "segloop.db"
    assert not is_at_head(path)
    assert not path.exists()
    database = Database(f"sqlite:///{path}")
    migrate(database, to="202611221255")
    assert not is_at_head(path)
    migrate(database)
    assert is_at_head(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    connection.close()
    assert not is_at_head(path)
    path.write_bytes(b"no database at all, but long enough to look like one" * 40)
    assert not is_at_head(path)


def test_a_start_makes_the_database_and_the_next_one_loads_nothing_heavy(tmp_path: Path) -> None:
    environment = {**os.environ, "SEGLOOP_DATA_DIR": str(tmp_path), "SEGLOOP_DATABASE_URL": ""}
    code = "import sys; from segloop_store.prepare import main; main(); print('sqlalchemy' in sys.modules)"
    run = [sys.executable, "-c", code]
    said = [
        subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
        for _ in range(2)
    ]
    assert [lines[-1] for lines in said] == ["True", "False"]
    assert current_revision(Database(f"sqlite:///{tmp_path / 'segloop.db'}")) == head_revision()
