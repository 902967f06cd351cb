"""A credential is renewed or given a new password: which one a request changed, and what replaced which."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BACKFILL = """
UPDATE activations SET credential = (
    SELECT serial FROM credentials WHERE credentials.activation = activations.id
)
"""


def upgrade() -> None:
    op.add_column("activations", sa.Column("credential", sa.String(length=32), nullable=True))
    op.add_column("credentials", sa.Column("replaced_by", sa.String(length=32), nullable=True))
    asked = sa.Column("asked_unix", sa.Float(), nullable=False, server_default="0")
    op.add_column("credentials", asked)
    op.execute(_BACKFILL)


def downgrade() -> None:
    op.drop_column("credentials", "asked_unix")
    op.drop_column("credentials", "replaced_by")
    op.drop_column("activations", "credential")
