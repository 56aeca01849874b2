"""For tests: the suite that every store passes, fault injection, and synthetic guests.

Nothing here is imported before it is used: ``StoreConformance`` needs ``profilecore[testing]``,
the rest does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profilecore.testing.conformance import StoreConformance, capability_table, requires
    from profilecore.testing.faults import FaultyStore

__all__ = ["FaultyStore", "StoreConformance", "capability_table", "requires"]

_HOMES = {
    "FaultyStore": "faults",
    "StoreConformance": "conformance",
    "capability_table": "conformance",
    "requires": "conformance",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
