"""Drafts and annotations say how many strokes and key presses they took, beside their clicks.

Revision: 202611241320
Follows: 202611221415
"""

import sqlalchemy as sa
from alembic import op

revision = "202611241320"
down_revision = "202611221415"
branch_labels = None
depends_on = None

_TABLES = ("annotation", "draft")
_COLUMNS = ("num_strokes", "num_keys")


def upgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch_op:
            for column in _COLUMNS:
                # nobody counted them before: 0, and from now on the row always says
                batch_op.add_column(sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
        with op.batch_alter_table(table) as batch_op:
            for column in _COLUMNS:
                batch_op.alter_column(column, existing_type=sa.Integer(), server_default=None)


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch_op:
            for column in reversed(_COLUMNS):
                batch_op.drop_column(column)
