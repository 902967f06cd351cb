"""Bindings, cards, reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_unix IS NULL")


def upgrade() -> None:
    op.create_table(
        "cards",
        sa.Column("id", sa.String(43), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("permit", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("level", sa.String(64), nullable=False),
        sa.Column("authenticated_unix", sa.Float(), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.Column("claimed_unix", sa.Float(), nullable=False),
        sa.Column("refresh_unix", sa.Float(), nullable=False),
        sa.Column("remind_permit", sa.Boolean(), nullable=False),
        sa.Column("remind_endorsements", sa.Boolean(), nullable=False),
        sa.Column("ended_unix", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
    )
    for column in ("person", "permit"):
        op.create_index(
            f"uq_cards_open_{column}",
            "cards",
            [column],
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )
    op.create_index(op.f("ix_cards_subject"), "cards", ["subject"])
    op.create_index(op.f("ix_cards_refresh_unix"), "cards", ["refresh_unix"])
    op.create_table(
        "bindings",
        sa.Column("id", sa.String(43), nullable=False),
        sa.Column("typed", sa.LargeBinary(), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("permit", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("next_unix", sa.Float(), nullable=True),
        sa.Column("lease_unix", sa.Float(), nullable=False),
        sa.Column("began_unix", sa.Float(), nullable=False),
        sa.Column("card", sa.String(43), nullable=True),
        sa.ForeignKeyConstraint(["card"], ["cards.id"], name=op.f("fk_bindings_card")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bindings")),
    )
    op.create_index(op.f("ix_bindings_state_next_unix"), "bindings", ["state", "next_unix"])
    op.create_table(
        "reminders",
        sa.Column("card", sa.String(43), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("next_unix", sa.Float(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_unix", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["card"], ["cards.id"], name=op.f("fk_reminders_card")),
        sa.PrimaryKeyConstraint("card", "key", name=op.f("pk_reminders")),
    )
    op.create_index(op.f("ix_reminders_state_next_unix"), "reminders", ["state", "next_unix"])


def downgrade() -> None:
    for table in ("reminders", "bindings", "cards"):
        op.drop_table(table)
