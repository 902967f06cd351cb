"""Spent signatures in parts by the hour on PostgreSQL.

PostgreSQL wants the column that says which part a row is in to be in the key. `expires_unix` comes from what
was signed, so a replay names the same: the key (terminal, jti, expires_unix) admits each signature once.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

serves_both = "the table has the same name and columns; every statement of the release before works on it"


def upgrade() -> None:
    _make_anew("terminal, jti, expires_unix", "PARTITION BY RANGE (expires_unix)")


def downgrade() -> None:
    _make_anew("terminal, jti", "")


def _make_anew(key: str, parts: str) -> None:
    """Make the table again with what is in it; nobody can spend a signature meanwhile."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("LOCK TABLE seen_tokens IN ACCESS EXCLUSIVE MODE")
    op.execute("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT terminal, jti, expires_unix FROM seen_tokens")
    op.execute("DROP TABLE seen_tokens")
    op.execute(
        "CREATE TABLE seen_tokens (terminal varchar(64) NOT NULL, jti varchar(64) NOT NULL,"
        f" expires_unix double precision NOT NULL, CONSTRAINT pk_seen_tokens PRIMARY KEY ({key})) {parts}"
    )
    op.execute("CREATE INDEX ix_seen_tokens_expires_unix ON seen_tokens (expires_unix)")
    if parts:
        op.execute("CREATE TABLE seen_tokens_default PARTITION OF seen_tokens DEFAULT")
    op.execute("INSERT INTO seen_tokens SELECT terminal, jti, expires_unix FROM kept ON CONFLICT DO NOTHING")
    op.execute("DROP TABLE kept")
