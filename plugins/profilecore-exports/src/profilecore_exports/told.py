"""What the register has of a guest's arrival, for the records that refer to it."""

from __future__ import annotations

from profilecore_exports.contract import Moment, Report, Setting, changed
from profilecore_exports.register import Entry, entry_id


def arrival_told(format: str, report: Report, setting: Setting) -> tuple[Report, Entry] | None:
    """Give the report of a guest's arrival that stands, under the id it has there, and its entry.

    ``report`` is of any moment of the stay; the guest may have been merged since.
    """
    for id in dict.fromkeys((report.guest_id, *report.guest.profile.family)):
        arrival = changed(report, moment=Moment.ARRIVAL, reported_as=id)
        entry = setting.entries.get(entry_id(format, arrival))
        if entry is not None and entry.stands:
            return arrival, entry
    return None
