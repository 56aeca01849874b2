"""What happened: ids and field names, never values."""

from __future__ import annotations

from datetime import datetime

import attrs

from profilecore.model.fields import lean


@lean
class Event:
    """One entry of the feed.

    ``seq`` is the cursor: strictly growing in the order of commits, 0 before it is stored.
    ``subject`` is the id of the document concerned, where that is not the profile;
    ``scope`` is the property that the document belongs to: others do not see the event.

    The feed is a chain: ``number`` counts its entries from 1 without a gap, ``digest`` is of the
    event's own facts, and ``seal`` is over the seal of the entry before and the digest
    (:mod:`profilecore.rules.chain`).  ``seq`` is not sealed: a store may leave gaps in it.
    """

    type: str
    profile_id: str
    at: datetime
    id: str
    fields: tuple[str, ...] = ()
    subject: str | None = None
    related: tuple[str, ...] = ()
    actor: str | None = None
    property_id: str | None = None
    scope: str | None = None
    seq: int = 0
    number: int = 0
    digest: str = attrs.field(default="", repr=False)
    seal: str = attrs.field(default="", repr=False)


# What a store gives in the place of an event whose stored form somebody has damaged.
UNREADABLE = "unreadable"
PROFILE_CREATED = "profile.created"
PROFILE_UPDATED = "profile.updated"
PROFILES_MERGED = "profiles.merged"
MERGE_UNDONE = "merge.undone"
PROFILE_ACCESSED = "profile.accessed"
PROFILE_CLEARED = "profile.cleared"
PROFILE_RESTRICTED = "profile.restricted"
PROFILE_ERASED = "profile.erased"
CLEAR_ANNOUNCED = "clear.announced"
CLEAR_WITHDRAWN = "clear.withdrawn"
RESTRICTED_READ = "restricted.read"
DOCUMENT_EXPIRED = "document.expired"
DOCUMENT_STORED = "document.stored"
DOCUMENT_DELETED = "document.deleted"
MATCHES_FOUND = "matches.found"
ACTIVITY_RECORDED = "activity.recorded"
HOLD_PLACED = "hold.placed"
HOLD_RELEASED = "hold.released"
STAY_RECORDED = "stay.recorded"
FILE_ATTACHED = "file.attached"
FILE_DETACHED = "file.detached"
