"""Projects lose a column that nothing ever wrote or read.

Revision: 202611241425
Follows: 202611241320
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "202611241425"
down_revision = "202611241320"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("project") as batch_op:
        batch_op.drop_column("settings")


def downgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("project") as batch_op:
        batch_op.add_column(sa.Column("settings", json, nullable=False, server_default="{}"))
