"""Alembic's entry: runs on the connection `segloop_store.migrate` opened, inside its one transaction."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from segloop_store.models import Base
from segloop_store.tables.base import UtcDateTime

_JSON = 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our types as plain ones, so that a migration never changes its meaning with the code."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    if isinstance(item, sa.JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return _JSON
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter a table in place: batch mode writes migrations that rebuild it there
    render_as_batch=True,
    # both databases roll DDL back; Alembic assumes SQLite does not
    transactional_ddl=True,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
