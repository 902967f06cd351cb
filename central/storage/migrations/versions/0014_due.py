"""Indexes of what is due at the register, which hold no settled request."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OF = {"lease_unix": "RUNNING", "recheck_unix": "PENDING"}


def upgrade() -> None:
    for column, status in _OF.items():
        where = sa.text(f"status = '{status}'")
        op.create_index(
            op.f(f"ix_activations_{column}"),
            "activations",
            [column],
            sqlite_where=where,
            postgresql_where=where,
        )
    op.drop_index(op.f("ix_activations_status_lease_unix"), "activations")


def downgrade() -> None:
    op.create_index(op.f("ix_activations_status_lease_unix"), "activations", ["status", "lease_unix"])
    for column in _OF:
        op.drop_index(op.f(f"ix_activations_{column}"), "activations")
