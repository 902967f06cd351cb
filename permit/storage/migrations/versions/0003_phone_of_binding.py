"""The mobile number of a binding, as a pseudonym: to go on in another browser."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bindings", sa.Column("phone", sa.String(64), nullable=True))
    op.create_index(op.f("ix_bindings_phone"), "bindings", ["phone"])


def downgrade() -> None:
    op.drop_index(op.f("ix_bindings_phone"), "bindings")
    op.drop_column("bindings", "phone")
