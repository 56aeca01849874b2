"""The documents a profile owns besides itself: holds, journals, receipts, files, stays.

The store sees each as a :class:`Document`: an envelope with an opaque body.  ``owner`` is
the profile id it was given to and never changes: after a merge the survivor owns what its
family of ids owns, so nothing needs to move and nothing can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Any

import attrs

from profilecore.model.fields import Clear, Search, Sensitivity, field, lean, record
from profilecore.model.parts import Stamp
from profilecore.values import frozen


class OnClear(Enum):
    """What a clear does to the documents of a kind."""

    ERASE = "erase"
    FIELDS = "fields"
    KEEP = "keep"


@frozen
class DocumentKind:
    """A kind of owned document.

    ``cls`` is its attrs class (a ``record`` when ``on_clear`` is ``FIELDS``: then its own field
    rules decide).  ``personal`` kinds show in ``access``.  ``dated`` gives the day of one of its
    values from which retention periods run; where ``is_activity``, the guest was active that day.
    ``about`` gives the ids of other people's profiles that a value tells something of: it is
    deleted when one of these people is cleared.

    Two documents of one person for which ``clash`` gives the same clash, unless that is ``None``.
    ``combine`` says how such values become one when they are read, the survivor's first: it changes
    no document, so that an unmerge parts them exactly, and raises ``ValueError`` where they cannot.
    Without it, or where it refuses, a merge that would bring a clash about is blocked.
    """

    name: str
    cls: type
    on_clear: OnClear
    personal: bool = True
    dated: Callable[[Any], date | None] | None = None
    is_activity: bool = False
    about: Callable[[Any], Iterable[str]] | None = None
    clash: Callable[[Any], Hashable | None] | None = None
    combine: Callable[[Sequence[Any]], Any] | None = None


@lean
class Hold:
    """A reason not to clear a profile: an open bill, a legal hold.  Belongs to its property.

    With ``keeps`` it stops no clear, but keeps what it names through one: ``profile.<field>``,
    documents of a kind (``file``), one of them (``file/<id>``), or fields (``stay.reference``).
    """

    id: str
    profile_id: str
    kind: str
    property_id: str | None = None
    ref: str | None = attrs.field(default=None, repr=False)
    expected_on: date | None = None
    placed: Stamp | None = None
    released: Stamp | None = None
    keeps: tuple[str, ...] = attrs.field(default=(), repr=False)

    @property
    def is_open(self) -> bool:
        return self.released is None


@lean
class Merge:
    """The journal entry of a merge: what ``unmerge`` needs.

    ``before`` and ``after`` are the survivor's changed ``fields`` in stored form; the losers
    keep their own values in their own documents, untouched.  ``references`` is what each
    reference provider needs to undo its part; ``choices`` are those that the merge was given.
    """

    id: str
    survivor_id: str
    loser_ids: tuple[str, ...]
    survivor_version: int
    fields: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    stamp: Stamp
    undone: Stamp | None = None
    references: dict[str, Any] = attrs.field(factory=dict)
    choices: dict[str, str] = attrs.field(factory=dict)

    def __repr__(self) -> str:
        return f"<Merge {self.id} into {self.survivor_id}>"


class ReceiptStatus(Enum):
    """``PENDING`` until no byte of the store's files can hold a cleared value."""

    PENDING = "pending"
    ERASED = "erased"


@lean
class Held:
    """Something that a clear leaves in place, restricted: by which rule, and its last day.

    ``kind`` is ``profile`` or that of the document ``id``; without ``fields`` the document is
    kept whole.  ``rule`` is the name of a retention rule, or the kind of the hold ``hold_id``: it
    is also the purpose for which the thing may be read.  ``until`` is ``None`` where a hold keeps
    it, until that is released.
    """

    kind: str
    rule: str
    fields: tuple[str, ...] = ()
    id: str | None = None
    until: date | None = None
    hold_id: str | None = None
    property_id: str | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.id or ''}:{self.rule}:{self.hold_id or ''}"


@lean
class Notice:
    """The warning that a person will be cleared after ``until`` unless the guest is active."""

    id: str
    profile_id: str
    announced_at: datetime
    until: date
    reason: str


@lean
class Activity:
    """The last day on which the guest did something that the host told of: a login, a call."""

    id: str
    profile_id: str
    active_on: date


@lean
class Receipt:
    """What is left to show of a clear: ids, dates and counts, no values.

    ``held`` is what is still kept, by which rule until when; the receipt that ``follows`` this
    one says when that went.

    ``remains`` says where cleared values may outlive the clear on a store that cannot erase them,
    and ``remains_until`` the last day on which they may, if somebody answers for it; such a
    receipt stays ``pending``.

    Receipts are numbered from 1 and form a chain: ``seal`` is over the facts of the receipt and
    ``previous``, the seal of the one before.
    """

    id: str
    profile_id: str
    status: ReceiptStatus
    cleared_at: datetime
    actor: str | None = None
    property_id: str | None = None
    reason: str | None = attrs.field(default=None, repr=False)
    cleared_ids: tuple[str, ...] = ()
    erased: dict[str, int] = attrs.field(factory=dict)
    kept: dict[str, int] = attrs.field(factory=dict)
    held: tuple[Held, ...] = ()
    follows: str | None = None
    objected: bool = False
    erased_at: datetime | None = None
    remains: str = attrs.field(default="", repr=False)
    remains_until: date | None = None
    number: int = 0
    previous: str = attrs.field(default="", repr=False)
    seal: str = attrs.field(default="", repr=False)


@lean
class Chain:
    """How far a chain has come: how many entries it has, and the newest one's seal."""

    length: int = 0
    newest: str = attrs.field(default="", repr=False)


@lean
class FileRecord:
    """A file attached to a profile; its bytes are a blob of the same id."""

    id: str
    profile_id: str
    name: str = attrs.field(repr=False)
    content_type: str = ""
    size: int = 0
    property_id: str | None = None
    attached: Stamp | None = None

    @property
    def attached_on(self) -> date | None:
        """The day on which it was attached, in UTC."""
        return None if self.attached is None else self.attached.at.date()


_fact = partial(
    field,
    merge="survivor",
    clear=Clear.KEEP,
    sensitivity=Sensitivity.NONE,
    search=Search.NONE,
)


@record
class Outcome:
    """What a request with an idempotency key led to; it survives a clear.

    ``digest`` tells another request under the same key; it goes with a clear.
    """

    id: str = _fact()
    verb: str = _fact()
    result_id: str = _fact()
    digest: str | None = field(
        merge="survivor",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
    )


@frozen
class Document:
    """The envelope the store keeps.  ``property_id`` is ``None`` for the whole chain."""

    kind: str
    id: str
    owner: str
    version: int
    body: bytes = attrs.field(repr=False)
    property_id: str | None = None
