"""Face and digits online: consents, recordings and their chunks; a request that waits for a credential."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("authentication_requests", sa.Column("waiting_unix", sa.Float(), nullable=True))
    op.add_column("authentication_requests", sa.Column("resumed_unix", sa.Float(), nullable=True))
    op.create_table(
        "face_consents",
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_face_consents")),
    )
    op.create_index(op.f("ix_face_consents_at_unix"), "face_consents", ["at_unix"])
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("prompts", sa.LargeBinary(), nullable=True),
        sa.Column("job", sa.String(64), nullable=True),
        sa.Column("started_unix", sa.Float(), nullable=False),
        sa.Column("finished_unix", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    for column in ("request", "person", "party", "started_unix"):
        op.create_index(op.f(f"ix_recordings_{column}"), "recordings", [column])
    op.create_table(
        "recording_chunks",
        sa.Column("recording", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("arrived_unix", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("recording", "number", name=op.f("pk_recording_chunks")),
        sa.ForeignKeyConstraint(
            ["recording"], ["recordings.id"], name=op.f("fk_recording_chunks_recording"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_recording_chunks_arrived_unix"), "recording_chunks", ["arrived_unix"])


def downgrade() -> None:
    for table in ("recording_chunks", "recordings", "face_consents"):
        op.drop_table(table)
    op.drop_column("authentication_requests", "resumed_unix")
    op.drop_column("authentication_requests", "waiting_unix")
