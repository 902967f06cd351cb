"""Where a terminal stands and when its shop is open, for people who look for the nearest one."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("terminals", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("terminals", sa.Column("longitude", sa.Float(), nullable=True))
    op.add_column("terminals", sa.Column("precision", sa.String(16), nullable=False, server_default=""))
    op.add_column("terminals", sa.Column("hours", sa.String(16), nullable=False, server_default=""))


def downgrade() -> None:
    for column in ("hours", "precision", "longitude", "latitude"):
        op.drop_column("terminals", column)
