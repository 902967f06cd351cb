"""When visits began and ended, what they measured, whose number they named; and alarms about visits."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INDEXES = (("terminal", "began_unix"), ("measures",), ("phone",))


def upgrade() -> None:
    for name in ("began_unix", "ended_unix"):
        op.add_column("activations", sa.Column(name, sa.Float(), nullable=False, server_default="0"))
    for name in ("measures", "phone", "applicant"):
        op.add_column("activations", sa.Column(name, sa.String(length=64), nullable=True))
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_activations_{'_'.join(columns)}"), "activations", list(columns))
    op.create_table(
        "visit_alarms",
        sa.Column("visit", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("terminal", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.Column("accepted_unix", sa.Float(), nullable=True),
        sa.Column("accepted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("visit", "kind", name=op.f("pk_visit_alarms")),
    )
    op.create_index(op.f("ix_visit_alarms_terminal"), "visit_alarms", ["terminal"])


def downgrade() -> None:
    op.drop_table("visit_alarms")
    for columns in _INDEXES:
        op.drop_index(op.f(f"ix_activations_{'_'.join(columns)}"), "activations")
    for name in ("applicant", "phone", "measures", "ended_unix", "began_unix"):
        op.drop_column("activations", name)
