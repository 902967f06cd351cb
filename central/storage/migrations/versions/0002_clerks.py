"""Clerks and supervisors."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clerks",
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.Column("added_unix", sa.Float(), nullable=False),
        sa.Column("unlocked_unix", sa.Float(), nullable=False),
        sa.Column("disabled_unix", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_clerks")),
    )
    op.create_table(
        "clerk_terminals",
        sa.Column("clerk", sa.String(length=12), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["clerk"], ["clerks.number"], name=op.f("fk_clerk_terminals_clerk")),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_clerk_terminals_terminal")),
        sa.PrimaryKeyConstraint("clerk", "terminal", name=op.f("pk_clerk_terminals")),
    )


def downgrade() -> None:
    op.drop_table("clerk_terminals")
    op.drop_table("clerks")
