"""Known keys: servers on several machines cannot use a database with different ones."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "known_keys",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("at_unix", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("known_keys")
