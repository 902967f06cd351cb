"""Which card reader is pinned to a terminal, the permission to pin another, and alarms about other readers.

A terminal that was enrolled before has none: it is out of service, once it has this version's program, until
`central fleet reader` and, at the terminal, `kiosk identity reader` have pinned one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("terminals", sa.Column("reader_permitted_unix", sa.Float(), nullable=True))
    op.create_table(
        "reader_pins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("sam", sa.String(length=64), nullable=False),
        sa.Column("socket", sa.String(length=64), nullable=False),
        sa.Column("from_unix", sa.Float(), nullable=False),
        sa.Column("until_unix", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["terminal"], ["terminals.id"], name=op.f("fk_reader_pins_terminal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_pins")),
    )
    op.create_index(op.f("ix_reader_pins_terminal"), "reader_pins", ["terminal"])
    op.create_table(
        "reader_alarms",
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.String(length=32), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.Column("accepted_unix", sa.Float(), nullable=True),
        sa.Column("accepted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("terminal", "visit", name=op.f("pk_reader_alarms")),
    )


def downgrade() -> None:
    op.drop_table("reader_alarms")
    op.drop_table("reader_pins")
    op.drop_column("terminals", "reader_permitted_unix")
