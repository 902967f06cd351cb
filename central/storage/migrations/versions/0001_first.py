"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen_tokens",
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "jti", name=op.f("pk_seen_tokens")),
    )
    op.create_index(op.f("ix_seen_tokens_expires_unix"), "seen_tokens", ["expires_unix"], unique=False)
    op.create_table(
        "terminals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=True),
        sa.Column("enrolled_unix", sa.Float(), nullable=True),
        sa.Column("revoked_unix", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terminals")),
    )
    op.create_table(
        "activations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("received_unix", sa.Float(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.Column("recheck_unix", sa.Float(), nullable=True),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("lease_unix", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_activations_terminal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
    )
    op.create_index(
        op.f("ix_activations_status_lease_unix"), "activations", ["status", "lease_unix"], unique=False
    )
    op.create_table(
        "challenges",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("issued_unix", sa.Float(), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.Column("used_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_challenges_terminal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("used_by", name=op.f("uq_challenges_used_by")),
    )
    op.create_index(op.f("ix_challenges_expires_unix"), "challenges", ["expires_unix"], unique=False)
    op.create_table(
        "enrolment_codes",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.Column("used_by_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_enrolment_codes_terminal")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_enrolment_codes")),
    )
    op.create_table(
        "credentials",
        sa.Column("serial", sa.String(length=32), nullable=False),
        sa.Column("activation", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("opened_unix", sa.Float(), nullable=False),
        sa.Column("revoked_unix", sa.Float(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("closed_until_unix", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["activation"], ["activations.id"], name=op.f("fk_credentials_activation")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_credentials")),
        sa.UniqueConstraint("activation", name=op.f("uq_credentials_activation")),
    )
    op.create_index(
        "uq_credentials_open_person",
        "credentials",
        ["person"],
        unique=True,
        sqlite_where=sa.text("revoked_unix IS NULL"),
        postgresql_where=sa.text("revoked_unix IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_credentials_open_person",
        table_name="credentials",
        sqlite_where=sa.text("revoked_unix IS NULL"),
        postgresql_where=sa.text("revoked_unix IS NULL"),
    )
    op.drop_table("credentials")
    op.drop_table("enrolment_codes")
    op.drop_index(op.f("ix_challenges_expires_unix"), table_name="challenges")
    op.drop_table("challenges")
    op.drop_index(op.f("ix_activations_status_lease_unix"), table_name="activations")
    op.drop_table("activations")
    op.drop_table("terminals")
    op.drop_index(op.f("ix_seen_tokens_expires_unix"), table_name="seen_tokens")
    op.drop_table("seen_tokens")
