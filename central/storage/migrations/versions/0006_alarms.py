"""Alarms: audit logs that went back, requests that terminals have lost; how much waits at a terminal."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    signed = sa.Column("signed_unix", sa.Float(), nullable=False, server_default="0")
    op.add_column("audit_anchors", signed)
    op.create_table(
        "audit_alarms",
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("accepted_unix", sa.Float(), nullable=True),
        sa.Column("accepted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("terminal", "at_unix", name=op.f("pk_audit_alarms")),
    )
    op.create_table(
        "lost_requests",
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.String(length=32), nullable=False),
        sa.Column("told_unix", sa.Float(), nullable=False),
        sa.Column("noted_unix", sa.Float(), nullable=True),
        sa.Column("noted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("terminal", "visit", name=op.f("pk_lost_requests")),
    )
    op.create_index(op.f("ix_lost_requests_visit"), "lost_requests", ["visit"])
    op.add_column("terminals", sa.Column("waiting", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("terminals", "waiting")
    op.drop_table("lost_requests")
    op.drop_table("audit_alarms")
    op.drop_column("audit_anchors", "signed_unix")
