"""Region queries say whose answer a reviewer has returned.

Revision: 202611241445
Follows: 202611241425
"""

import sqlalchemy as sa
from alembic import op

revision = "202611241445"
down_revision = "202611241425"
branch_labels = None
depends_on = None

_KEY = "fk_region_query_returned_to_user"


def upgrade() -> None:
    with op.batch_alter_table("region_query") as batch_op:
        batch_op.add_column(sa.Column("returned_to", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(_KEY, "user", ["returned_to"], ["id"], ondelete="SET NULL")
        batch_op.create_index("ix_region_query_returned", ["returned_to"])


def downgrade() -> None:
    with op.batch_alter_table("region_query") as batch_op:
        batch_op.drop_index("ix_region_query_returned")
        batch_op.drop_constraint(_KEY, type_="foreignkey")
        batch_op.drop_column("returned_to")
