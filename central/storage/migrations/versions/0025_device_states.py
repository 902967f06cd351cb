"""What a terminal says of its devices, and why it serves nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("terminals", sa.Column("out_code", sa.String(64), nullable=True))
    op.add_column("terminals", sa.Column("out_since_unix", sa.Float(), nullable=True))
    op.add_column("terminals", sa.Column("devices", sa.Text(), nullable=True))
    op.add_column("terminals", sa.Column("free_mb", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for column in ("free_mb", "devices", "out_since_unix", "out_code"):
        op.drop_column("terminals", column)
