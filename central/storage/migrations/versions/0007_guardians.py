"""Who applied for a child; and where clerks worked before, in which role: their signatures may come late."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEEP = """
INSERT INTO clerk_posts (clerk, terminal, role, from_unix)
SELECT clerk_terminals.clerk, clerk_terminals.terminal, clerks.role, clerks.added_unix
FROM clerk_terminals JOIN clerks ON clerks.number = clerk_terminals.clerk
"""
_BACK = """
INSERT INTO clerk_terminals (clerk, terminal)
SELECT DISTINCT clerk, terminal FROM clerk_posts WHERE until_unix IS NULL
"""


def upgrade() -> None:
    op.add_column("credentials", sa.Column("guardian", sa.String(length=64), nullable=True))
    op.create_table(
        "clerk_posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clerk", sa.String(length=12), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("from_unix", sa.Float(), nullable=False),
        sa.Column("until_unix", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["clerk"], ["clerks.number"], name=op.f("fk_clerk_posts_clerk")),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_clerk_posts_terminal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clerk_posts")),
    )
    op.create_index(op.f("ix_clerk_posts_terminal"), "clerk_posts", ["terminal"])
    op.execute(_KEEP)
    op.drop_table("clerk_terminals")


def downgrade() -> None:
    op.create_table(
        "clerk_terminals",
        sa.Column("clerk", sa.String(length=12), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["clerk"], ["clerks.number"], name=op.f("fk_clerk_terminals_clerk")),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_clerk_terminals_terminal")),
        sa.PrimaryKeyConstraint("clerk", "terminal", name=op.f("pk_clerk_terminals")),
    )
    op.execute(_BACK)
    op.drop_table("clerk_posts")
    op.drop_column("credentials", "guardian")
