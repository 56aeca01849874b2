"""Official guest registration: each country's files, what is missing, and what was sent.

A format is one value of :class:`Format`; a plugin registers it as its readiness check
(``register(Readiness.of(format))`` in ``profilecore_register_checks``).  :func:`export` runs one.
"""

from typing import TYPE_CHECKING

from profilecore.later import later
from profilecore_exports.plugin import ExportsPlugin

if TYPE_CHECKING:
    from profilecore_exports.answering import read_answer
    from profilecore_exports.asking import ask
    from profilecore_exports.contract import (
        Action,
        Amends,
        Answer,
        Covers,
        Deadline,
        Format,
        Moment,
        Need,
        OutFile,
        Readiness,
        Report,
        Setting,
        Trust,
        Verdict,
        formats_of,
    )
    from profilecore_exports.details import Details, Registration, record_details
    from profilecore_exports.faults import ExportRefused, NotSent, TableMissing, Unwritable
    from profilecore_exports.guests import Guest, Party
    from profilecore_exports.outcome import Choice, Run
    from profilecore_exports.running import export
    from profilecore_exports.sending import send
    from profilecore_exports.tables import TableSpec, add_table
    from profilecore_exports.transport import DirectoryTransport, Outgoing, Reply, Transport

__all__ = [
    "Action",
    "Amends",
    "Answer",
    "Choice",
    "Covers",
    "Deadline",
    "Details",
    "DirectoryTransport",
    "ExportRefused",
    "ExportsPlugin",
    "Format",
    "Guest",
    "Moment",
    "Need",
    "NotSent",
    "OutFile",
    "Outgoing",
    "Party",
    "Readiness",
    "Registration",
    "Reply",
    "Report",
    "Run",
    "Setting",
    "TableMissing",
    "TableSpec",
    "Transport",
    "Trust",
    "Unwritable",
    "Verdict",
    "add_table",
    "ask",
    "export",
    "formats_of",
    "read_answer",
    "record_details",
    "send",
]

# An engine loads the plugins of all countries; what a run needs is imported by the first run.
__getattr__ = later(
    __name__,
    {
        "Action": "contract",
        "Amends": "contract",
        "Answer": "contract",
        "Choice": "outcome",
        "Covers": "contract",
        "Deadline": "contract",
        "Details": "details",
        "DirectoryTransport": "transport",
        "ExportRefused": "faults",
        "Format": "contract",
        "Guest": "guests",
        "Moment": "contract",
        "Need": "contract",
        "NotSent": "faults",
        "OutFile": "contract",
        "Outgoing": "transport",
        "Party": "guests",
        "Readiness": "contract",
        "Registration": "details",
        "Reply": "transport",
        "Report": "contract",
        "Run": "outcome",
        "Setting": "contract",
        "TableMissing": "faults",
        "TableSpec": "tables",
        "Transport": "transport",
        "Trust": "contract",
        "Unwritable": "faults",
        "Verdict": "contract",
        "add_table": "tables",
        "ask": "asking",
        "export": "running",
        "formats_of": "contract",
        "read_answer": "answering",
        "record_details": "details",
        "send": "sending",
    },
)
