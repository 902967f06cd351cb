"""The migrations make the tables that the code knows, on each database."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from permit.storage.tables import Base


def test_migrations_and_tables_agree(stored_world):
    with stored_world.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
