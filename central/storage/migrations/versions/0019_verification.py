"""Verification of clips: jobs, workers, pictures kept as references."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verification_jobs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_unix", sa.Float(), nullable=False),
        sa.Column("expires_unix", sa.Float(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=True),
        sa.Column("lease_unix", sa.Float(), nullable=True),
        sa.Column("claimed_unix", sa.Float(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("settled_unix", sa.Float(), nullable=True),
        sa.Column("erased_unix", sa.Float(), nullable=True),
        sa.Column("receipted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_jobs")),
    )
    op.create_index(op.f("ix_verification_jobs_request"), "verification_jobs", ["request"])
    op.create_index(op.f("ix_verification_jobs_expires_unix"), "verification_jobs", ["expires_unix"])
    op.create_index("ix_verification_jobs_state_made_unix", "verification_jobs", ["state", "made_unix"])
    op.create_table(
        "verification_workers",
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("seen_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_verification_workers")),
    )
    op.create_index(op.f("ix_verification_workers_seen_unix"), "verification_workers", ["seen_unix"])
    op.create_table(
        "reference_pictures",
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("credential", sa.String(32), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("consent_sha256", sa.String(64), nullable=False),
        sa.Column("kept_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_reference_pictures")),
    )


def downgrade() -> None:
    for table in ("reference_pictures", "verification_workers", "verification_jobs"):
        op.drop_table(table)
