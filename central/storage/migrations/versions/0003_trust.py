"""Heads of the terminals' audit logs; when a terminal rotated its key and was last heard."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_anchors",
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "seq", "hash", name=op.f("pk_audit_anchors")),
    )
    op.add_column("terminals", sa.Column("rotated_unix", sa.Float(), nullable=True))
    op.add_column("terminals", sa.Column("seen_unix", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("terminals", "seen_unix")
    op.drop_column("terminals", "rotated_unix")
    op.drop_table("audit_anchors")
