"""For tests: the suite that every store passes, fault injection, and synthetic guests.

Nothing here is imported before it is used: ``StoreConformance`` needs ``profilecore[testing]``,
the rest does not.  ``profilecore.testing.leaks`` is a plugin of pytest, named on its own; so that
it may come before a suite is marked for its comparisons to be shown: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profilecore.later import later

if TYPE_CHECKING:
    from profilecore.testing.conformance import StoreConformance, capability_table, requires
    from profilecore.testing.faults import FaultyStore

__all__ = ["FaultyStore", "StoreConformance", "capability_table", "requires"]

__getattr__ = later(
    __name__,
    {
        "FaultyStore": "faults",
        "StoreConformance": "conformance",
        "capability_table": "conformance",
        "requires": "conformance",
    },
)
