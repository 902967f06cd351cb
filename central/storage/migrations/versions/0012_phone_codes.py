"""One-time codes that prove a mobile number, and whether the number of a request was proved."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INDEXES = (("visit",), ("sent_unix",), ("phone", "sent_unix"), ("terminal", "sent_unix"))


def upgrade() -> None:
    op.add_column("activations", sa.Column("phone_proved", sa.Boolean(), nullable=True))
    op.create_table(
        "phone_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=64), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("sent_unix", sa.Float(), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("proved_unix", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_phone_codes_terminal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_codes")),
    )
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_phone_codes_{'_'.join(columns)}"), "phone_codes", list(columns))


def downgrade() -> None:
    op.drop_table("phone_codes")
    op.drop_column("activations", "phone_proved")
