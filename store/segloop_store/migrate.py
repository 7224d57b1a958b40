"""Brings a database to the tables this code knows: `python -m segloop_store.migrate upgrade|check|revision`.

Migrations are dated files in `migrations/`: beside the sources in a checkout, inside this package in a wheel.
"""

import argparse
import sys
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from segloop_store.clock import now
from segloop_store.config import StoreSettings
from segloop_store.database import Database
from segloop_store.errors import StoreError
from segloop_store.models import Base
from segloop_store.prepare import migrations_dir


def migrate(database: Database, *, to: str = "head") -> None:
    """Upgrade the database to the newest revision, all or nothing; at once when it is there already.

    Tests name another revision to stop at.

    Several processes may start at once: they take turns.

    Raises:
        StoreError: the database comes from a newer segloop, or breaks a foreign key afterwards.
    """
    with database.migrating() as connection:
        try:
            command.upgrade(_config(connection), to)
        except CommandError as error:
            raise StoreError(
                f"the database cannot be migrated ({error}): it was used by a newer segloop; upgrade segloop"
            ) from error
        if database.is_sqlite:
            _check_foreign_keys(connection)


def differences(database: Database) -> list[str]:
    """What the tables still lack of what `segloop_store.models` says; empty after `migrate`."""
    with database.migrating() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(item) for item in compare_metadata(context, Base.metadata)]


def current_revision(database: Database) -> str | None:
    """The revision the database is at, None before the first."""
    with database.migrating() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The newest revision this code has."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def make_revision(database: Database, message: str) -> Path:
    """Write a dated migration for what `differences` finds; read and correct it before it is committed."""
    with database.migrating() as connection:
        script = command.revision(
            _config(connection), message, autogenerate=True, rev_id=f"{now():%Y%m%d%H%M}"
        )
    if script is None or isinstance(script, list):
        raise StoreError("no migration was written")
    return Path(script.path)


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _check_foreign_keys(connection: Connection) -> None:
    """Foreign keys are off while SQLite migrates; nothing may be broken when they come on again."""
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        raise StoreError(
            f"{len(broken)} rows would break a foreign key after migrating, e.g. in {broken[0][0]}"
        )


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="segloop_store.migrate", description=__doc__)
    parser.add_argument("what", nargs="?", default="upgrade", choices=["upgrade", "check", "revision"])
    parser.add_argument("message", nargs="?", default="", help="what the new revision changes")
    options = parser.parse_args(arguments)
    database = Database(StoreSettings().database_url)
    if options.what == "upgrade":
        migrate(database)
        sys.stdout.write(f"database is at {current_revision(database)}\n")
        return 0
    if options.what == "revision":
        sys.stdout.write(f"wrote {make_revision(database, options.message)}\n")
        return 0
    found = differences(database)
    sys.stdout.write("\n".join([*found, f"{len(found)} differences"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
