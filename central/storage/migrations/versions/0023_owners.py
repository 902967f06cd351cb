"""Owners' pages: sessions, acts, where a credential was used; suspended credentials."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credentials", sa.Column("suspended_unix", sa.Float(), nullable=True))
    op.add_column("credentials", sa.Column("suspended_by", sa.String(16), nullable=False, server_default=""))
    op.create_table(
        "owner_sessions",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("credential", sa.String(32), nullable=False),
        sa.Column("visit", sa.String(32), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_owner_sessions")),
        sa.ForeignKeyConstraint(
            ["credential"], ["credentials.serial"], name=op.f("fk_owner_sessions_credential_credentials")
        ),
    )
    op.create_index(op.f("ix_owner_sessions_credential"), "owner_sessions", ["credential"])
    op.create_index(op.f("ix_owner_sessions_expires_unix"), "owner_sessions", ["expires_unix"])
    op.create_table(
        "credential_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("credential", sa.String(32), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("by", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_acts")),
    )
    op.create_index(op.f("ix_credential_acts_credential"), "credential_acts", ["credential"])
    op.create_index(op.f("ix_credential_acts_at_unix"), "credential_acts", ["at_unix"])
    op.create_table(
        "uses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("level", sa.String(64), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uses")),
        sa.ForeignKeyConstraint(
            ["party"], ["relying_parties.id"], name=op.f("fk_uses_party_relying_parties")
        ),
    )
    op.create_index(op.f("ix_uses_person"), "uses", ["person"])
    op.create_index(op.f("ix_uses_at_unix"), "uses", ["at_unix"])


def downgrade() -> None:
    for table in ("uses", "credential_acts", "owner_sessions"):
        op.drop_table(table)
    for column in ("suspended_by", "suspended_unix"):
        op.drop_column("credentials", column)
