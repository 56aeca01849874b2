"""Read the machine-readable zones of travel documents, and fill guest profiles with them.

Pure: ``read`` and ``write`` with ``layouts``, ``digits``, ``locating``, ``checking``, ``states``,
``moments``, ``spanish`` and ``zones``.  With an engine: ``scan`` in ``filling``, which compares
names by ``spelling`` and ``letters``.  ``command`` is ``profilecore scan``, ``picture`` its
optional part.
"""

from profilecore_scanner.checking import Repair, Trust
from profilecore_scanner.faults import (
    DocumentElsewhere,
    Fault,
    PictureRefused,
    ScanDoubtful,
    ZoneUnreadable,
    ZoneUnwritable,
)
from profilecore_scanner.filling import Change, Conflict, Proposal, scan
from profilecore_scanner.layouts import Form
from profilecore_scanner.locating import documents
from profilecore_scanner.plugin import ScannerPlugin
from profilecore_scanner.reading import Scan, read
from profilecore_scanner.spelling import Likeness, compare
from profilecore_scanner.states import State
from profilecore_scanner.zones import Zone, write

__all__ = [
    "Change",
    "Conflict",
    "DocumentElsewhere",
    "Fault",
    "Form",
    "Likeness",
    "PictureRefused",
    "Proposal",
    "Repair",
    "Scan",
    "ScanDoubtful",
    "ScannerPlugin",
    "State",
    "Trust",
    "Zone",
    "ZoneUnreadable",
    "ZoneUnwritable",
    "compare",
    "documents",
    "read",
    "scan",
    "write",
]
