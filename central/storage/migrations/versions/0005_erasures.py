"""Receipts of what was erased, each signed and naming the one before it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_erasures")),
    )


def downgrade() -> None:
    op.drop_table("erasures")
