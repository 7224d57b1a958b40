"""Training snapshots say how many classes their network has.

Revision: 202611221415
Follows: 202611221255
"""

import sqlalchemy as sa
from alembic import op

revision = "202611221415"
down_revision = "202611221255"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("training_snapshot") as batch_op:
        batch_op.add_column(sa.Column("num_classes", sa.Integer(), nullable=True))
    # trainings of before counted the classes when they began, right before they took their snapshot
    op.execute(
        """
        UPDATE training_snapshot SET num_classes = COALESCE((
            SELECT MAX(label_class."index") + 1 FROM label_class
            WHERE label_class.project_id = training_snapshot.project_id
            AND label_class.created_at <= training_snapshot.created_at
        ), 0)
        """
    )
    with op.batch_alter_table("training_snapshot") as batch_op:
        batch_op.alter_column("num_classes", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("training_snapshot") as batch_op:
        batch_op.drop_column("num_classes")
