"""Used enrolment codes that somebody tried again: they raise an alarm."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolment_codes", sa.Column("misused_unix", sa.Float(), nullable=True))
    op.add_column("enrolment_codes", sa.Column("noted_unix", sa.Float(), nullable=True))
    op.add_column("enrolment_codes", sa.Column("noted_by", sa.String(length=64), nullable=True))


def downgrade() -> None:
    for name in ("noted_by", "noted_unix", "misused_unix"):
        op.drop_column("enrolment_codes", name)
