"""Clerks' keys instead of their PINs' hashes, and reviews that wait for a person.

No key can be made from a hash: clerks who were added before need a new PIN (`central clerk reset-pin`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clerk_keys",
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=12), nullable=False),
        sa.Column("from_unix", sa.Float(), nullable=False),
        sa.Column("until_unix", sa.Float(), nullable=True),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["clerk"], ["clerks.number"], name=op.f("fk_clerk_keys_clerk")),
        sa.PrimaryKeyConstraint("public_key", name=op.f("pk_clerk_keys")),
    )
    op.create_index(op.f("ix_clerk_keys_clerk"), "clerk_keys", ["clerk"])
    op.create_table(
        "held_reviews",
        sa.Column("visit", sa.String(length=32), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=12), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.Column("settled_unix", sa.Float(), nullable=True),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("visit", name=op.f("pk_held_reviews")),
    )
    op.create_index(op.f("ix_held_reviews_terminal"), "held_reviews", ["terminal"])
    op.drop_column("clerks", "pin")


def downgrade() -> None:
    op.add_column("clerks", sa.Column("pin", sa.Text(), nullable=False, server_default=""))
    op.drop_table("held_reviews")
    op.drop_table("clerk_keys")
