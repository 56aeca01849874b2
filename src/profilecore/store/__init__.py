"""The store port, the in-memory reference store, and how a store is opened by URL."""

from profilecore.store.memory import MemoryStore
from profilecore.store.opening import open_store
from profilecore.store.port import (
    NO_TERMS,
    Capability,
    Hit,
    Kept,
    Line,
    Query,
    Reader,
    Remainder,
    Store,
    Terms,
    Writer,
)

__all__ = [
    "NO_TERMS",
    "Capability",
    "Hit",
    "Kept",
    "Line",
    "MemoryStore",
    "Query",
    "Reader",
    "Remainder",
    "Store",
    "Terms",
    "Writer",
    "open_store",
]
