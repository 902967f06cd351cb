"""Whose request it is, what an erasure erased, and who asked last to end a credential.

Requests from before know only who stood there: unless a guardian did, that is the person.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("activations", sa.Column("person", sa.String(length=64), nullable=True))
    op.add_column("activations", sa.Column("erasure", sa.Text(), nullable=True))
    op.create_index(op.f("ix_activations_person"), "activations", ["person"])
    op.execute(
        "UPDATE activations SET person = (SELECT person FROM credentials"
        " WHERE serial = activations.credential AND person <> '') WHERE credential IS NOT NULL"
    )
    op.execute(
        "UPDATE activations SET person = applicant"
        " WHERE person IS NULL AND evidence NOT LIKE '%\"guardian\":{%'"
    )
    op.create_table(
        "endings",
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("asked_unix", sa.Float(), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_endings")),
    )


def downgrade() -> None:
    op.drop_table("endings")
    op.drop_index(op.f("ix_activations_person"), "activations")
    op.drop_column("activations", "erasure")
    op.drop_column("activations", "person")
