"""How many challenges a terminal has outstanding is counted before it gets more."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_challenges_outstanding",
        "challenges",
        ["terminal", "expires_unix"],
        sqlite_where=sa.text("used_by IS NULL"),
        postgresql_where=sa.text("used_by IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_challenges_outstanding", "challenges")
