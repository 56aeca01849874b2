"""The store for many machines: one schema of a PostgreSQL database."""

from profilecore_postgres.store import PostgresStore, open_store

__all__ = ["PostgresStore", "open_store"]
