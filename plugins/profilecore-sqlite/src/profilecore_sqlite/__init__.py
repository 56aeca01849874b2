"""The embedded store: one SQLite file, without residue of what was deleted."""

from profilecore_sqlite.store import SqliteStore, open_store

__all__ = ["SqliteStore", "open_store"]
