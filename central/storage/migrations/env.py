"""Alembic's entry: the caller (`central.storage.database.migrate`) brings the connection."""

from alembic import context

from central.storage import authentication_tables, verification_tables  # noqa: F401 - register their tables
from central.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters tables by copying them
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
