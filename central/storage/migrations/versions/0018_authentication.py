"""Online authentication: relying parties, their requests, codes, tokens, subjects, signing keys."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relying_parties",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("sector", sa.String(255), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=True),
        sa.Column("jwks", sa.Text(), nullable=True),
        sa.Column("pushed_required", sa.Boolean(), nullable=False),
        sa.Column("added_unix", sa.Float(), nullable=False),
        sa.Column("disabled_unix", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relying_parties")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=True),
        sa.Column("made_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "authentication_requests",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("parameters", sa.LargeBinary(), nullable=True),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.Column("session", sa.String(64), nullable=True),
        sa.Column("person", sa.String(64), nullable=True),
        sa.Column("level", sa.String(64), nullable=True),
        sa.Column("authenticated_unix", sa.Float(), nullable=True),
        sa.Column("ended_unix", sa.Float(), nullable=True),
        sa.UniqueConstraint("session", name=op.f("uq_authentication_requests_session")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authentication_requests")),
        sa.ForeignKeyConstraint(
            ["party"], ["relying_parties.id"], name=op.f("fk_authentication_requests_party")
        ),
    )
    op.create_table(
        "authorization_codes",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.String(128), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("level", sa.String(64), nullable=False),
        sa.Column("authenticated_unix", sa.Float(), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_authorization_codes")),
        sa.ForeignKeyConstraint(["party"], ["relying_parties.id"], name=op.f("fk_authorization_codes_party")),
    )
    op.create_table(
        "access_tokens",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_access_tokens")),
        sa.ForeignKeyConstraint(["party"], ["relying_parties.id"], name=op.f("fk_access_tokens_party")),
    )
    op.create_table(
        "subjects",
        sa.Column("sector", sa.String(255), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.UniqueConstraint("subject", name=op.f("uq_subjects_subject")),
        sa.PrimaryKeyConstraint("sector", "person", name=op.f("pk_subjects")),
    )
    op.create_table(
        "client_assertions",
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("jti_sha256", sa.String(64), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("party", "jti_sha256", name=op.f("pk_client_assertions")),
    )
    for table in ("authentication_requests", "authorization_codes", "access_tokens", "client_assertions"):
        op.create_index(op.f(f"ix_{table}_expires_unix"), table, ["expires_unix"])


def downgrade() -> None:
    for table in (
        "client_assertions",
        "subjects",
        "access_tokens",
        "authorization_codes",
        "authentication_requests",
        "signing_keys",
        "relying_parties",
    ):
        op.drop_table(table)
