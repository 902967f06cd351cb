"""Browser sessions, one-time codes, logins, notices, renewals, tallies."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=True),
        sa.Column("binding", sa.String(43), nullable=True),
        sa.Column("card", sa.String(43), nullable=True),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["binding"], ["bindings.id"], name=op.f("fk_sessions_binding")),
        sa.ForeignKeyConstraint(["card"], ["cards.id"], name=op.f("fk_sessions_card")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_card"), "sessions", ["card"])
    op.create_index(op.f("ix_sessions_expires_unix"), "sessions", ["expires_unix"])
    op.create_table(
        "phone_codes",
        sa.Column("id", sa.String(43), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_unix", sa.Float(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_codes")),
    )
    op.create_index(op.f("ix_phone_codes_session"), "phone_codes", ["session"])
    op.create_index(op.f("ix_phone_codes_phone_sent_unix"), "phone_codes", ["phone", "sent_unix"])
    op.create_table(
        "logins",
        sa.Column("state_sha256", sa.String(64), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_logins")),
    )
    op.create_index(op.f("ix_logins_expires_unix"), "logins", ["expires_unix"])
    op.create_table(
        "notices",
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("next_unix", sa.Float(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_state_next_unix"), "notices", ["state", "next_unix"])
    op.create_table(
        "renewals",
        sa.Column("id", sa.String(43), nullable=False),
        sa.Column("card", sa.String(43), nullable=False),
        sa.Column("wish", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_unix", sa.Float(), nullable=False),
        sa.Column("next_unix", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["cards.id"], name=op.f("fk_renewals_card")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewals")),
    )
    op.create_index(op.f("ix_renewals_card"), "renewals", ["card"])
    op.create_index(op.f("ix_renewals_state_next_unix"), "renewals", ["state", "next_unix"])
    op.create_table(
        "tallies",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "what", "code", name=op.f("pk_tallies")),
    )


def downgrade() -> None:
    for table in ("tallies", "renewals", "notices", "logins", "phone_codes", "sessions"):
        op.drop_table(table)
