"""Read the machine-readable zones of travel documents.

Pure: ``read`` and ``write`` with ``layouts``, ``digits``, ``locating``, ``checking``, ``states``,
``moments`` and ``zones``; ``spelling`` and ``letters`` compare names.
"""

from profilecore_scanner.checking import Repair, Trust
from profilecore_scanner.faults import (
    Fault,
    ZoneUnreadable,
    ZoneUnwritable,
)
from profilecore_scanner.layouts import Form
from profilecore_scanner.locating import documents
from profilecore_scanner.reading import Scan, read
from profilecore_scanner.spelling import Likeness, compare
from profilecore_scanner.states import State
from profilecore_scanner.zones import Zone, write

__all__ = [
    "Fault",
    "Form",
    "Likeness",
    "Repair",
    "Scan",
    "State",
    "Trust",
    "Zone",
    "ZoneUnreadable",
    "ZoneUnwritable",
    "compare",
    "documents",
    "read",
    "write",
]
