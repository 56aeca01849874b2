"""Campaign lists: whom to write to, who agreed to it at this moment, and that a list was made.

Whether somebody is on the list is decided in the transaction that records it: nobody can revoke
in between.  The list itself is a file of the host's; the store keeps who is on it, as a document
of each person that goes with them, and its checksum.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from profilecore import Entry, InvalidProfile, Problem, ScopeDenied
from profilecore.ids import new_id
from profilecore.model import DocumentKind, OnClear
from profilecore.model.enums import Channel, Classification, RestrictionKind
from profilecore.normalise.text import clean
from profilecore.values import frozen
from profilecore_segments.addresses import COLUMNS, FIELDS, address_of
from profilecore_segments.consents import agrees
from profilecore_segments.judging import Facts
from profilecore_segments.listing import FORMATS, Listing, check_target
from profilecore_segments.members import Members, Watch, silent
from profilecore_segments.people import facts_of
from profilecore_segments.saved import NAME, node_of
from profilecore_segments.sharing import Shared
from profilecore_segments.writing import write

if TYPE_CHECKING:
    from profilecore import Engine

CAMPAIGN, ADDRESSED = "campaign", "campaign_addressed"
AT_ONCE = 1_000
_PERSON = ("id", "title", "first_name", "last_name", "second_last_name", "languages")
_COLUMNS = ("profile_id", "title", "first_name", "last_name", "language")
_KNOWN_BY = ("emails", "phones", "documents", "tax_ids")
"""By what somebody who objected is recognised."""
_ASKED = ("consents", "restrictions", "classifications")


@frozen
class Campaign:
    """That a list was made: by whom, of which saved segment, for what; no name and no address.

    An expression may name a person, so only its ``digest`` is kept, keyed by the store: equal for
    equal expressions.  ``left_out`` counts members that are not on it, by the reason.
    ``checksum`` is the SHA-256 of the file.
    """

    id: str
    segment: str | None
    digest: str
    channel: str
    purpose: str
    format: str
    count: int
    checksum: str
    made_at: datetime
    made_by: str | None = None
    left_out: dict[str, int] = attrs.field(factory=dict)


@frozen
class Addressed:
    """That a person was put on a list, to be reached on a channel for a purpose."""

    campaign: str
    channel: str
    purpose: str
    at: datetime


KINDS = (
    DocumentKind(CAMPAIGN, Campaign, OnClear.KEEP, personal=False),
    DocumentKind(ADDRESSED, Addressed, OnClear.ERASE),
)


def export(
    engine: Engine,
    segment: str,
    path: Path,
    *,
    channel: Channel | str,
    purpose: str,
    format: str = "csv",
    force: bool = False,
    watch: Watch = silent,
) -> Campaign:
    """Write the list of the members of a segment whom a campaign may address, and record it.

    Left out are those who did not agree to this channel and purpose, or agree no longer; who has
    no address for it; whom a property has on its blocklist; who objected; and whose e-mail address
    or telephone is on the list already, or is somebody's who denied it.  The file appears whole or
    not at all, readable by its owner alone; ``force`` writes over one that is there.

    :raises InvalidProfile: for a channel, purpose or format that is none, or a file that exists or
        cannot be written; if people objected, and the settings lack the key to tell them by.
    :raises ExpressionError: for an expression that goes wrong.
    :raises NotFound: if there is no such segment.
    :raises ScopeDenied: if a property asks: a list is made for the chain.
    """
    if engine.actor.property_id is not None:
        raise ScopeDenied("make a campaign list of the chain")
    on, said = _asked(channel, purpose, format)
    check_target(path, force=force)
    node = node_of(engine, segment)
    likely = [id for page in Members(engine, node).pages(watch) for id in page]
    half = path.with_name(f".{path.name}.{new_id()}.half")
    try:
        with engine.transaction():
            run = _Run(engine, Members(engine, node), on, said)
            with Listing(half, format, (*_COLUMNS, *COLUMNS[run.channel])) as listing:
                for done in run.write(likely, listing):
                    watch("Written", done, len(likely))
            digest = blake2b(write(node).encode(), digest_size=16, key=engine.store.salt)
            made = Campaign(
                run.id, segment if NAME.fullmatch(segment) else None, digest.hexdigest(),
                on.value, said, format, listing.count, listing.checksum, engine.now,
                engine.actor.id, dict(sorted(run.left_out.items())),
            )  # fmt: skip
            engine.store_document(CAMPAIGN, made, id=run.id)
        # Not before the record is committed: no list leaves the house without one.
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)
    return made


def every(engine: Engine) -> list[Campaign]:
    """Give all lists that were made, oldest first."""
    found: list[Campaign] = []
    after = None
    while page := engine.documents(CAMPAIGN, after=after):
        found += (stored.value for stored in page)
        after = page[-1].id
    return found


def _asked(channel: Channel | str, purpose: str, format: str) -> tuple[Channel, str]:
    problems = []
    try:
        on = Channel(channel)
    except ValueError:
        listed = ", ".join(c.value for c in Channel)
        problems.append(Problem("/channel", "unknown-value", f"must be one of {listed}"))
    try:
        said = clean(purpose, 50)
    except ValueError as error:
        said = ""
        problems.append(Problem("/purpose", "invalid-value", str(error)))
    if not said and not problems:
        problems.append(Problem("/purpose", "missing", "must name what was agreed to"))
    if format not in FORMATS:
        message = f"must be one of {', '.join(FORMATS)}"
        problems.append(Problem("/format", "unknown-value", message))
    if problems:
        raise InvalidProfile(problems)
    return on, said


class _Run:
    """The making of one list, inside its transaction."""

    def __init__(self, engine: Engine, members: Members, channel: Channel, purpose: str) -> None:
        self._engine = engine
        self._members = members
        engine.objected({})  # nothing goes out where it cannot be told who did
        self._remembers = engine.settings.suppression_key is not None
        more = _KNOWN_BY if self._remembers else ()
        self._wanted = members.wanted.with_fields((*_PERSON, *_ASKED, FIELDS[channel], *more))
        self.channel, self.purpose = channel, purpose
        self.id = new_id()
        self.left_out: Counter[str] = Counter()
        self._shared = Shared(engine, channel, purpose, members.moment)

    def write(self, ids: list[str], listing: Listing) -> Iterator[int]:
        """Write whoever may be addressed, and yield how many were looked at."""
        today = self._members.moment.today.isoformat()
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            entries = []
            for page in facts_of(self._engine, self._wanted, today, ids=some):
                rows = [row for facts in page if (row := self._row(facts)) is not None]
                self._shared.ask(rows)
                for row in rows:
                    if self._shared.takes(row):
                        listing.add(row)
                        entries.append(self._entry(row["profile_id"]))
                    else:
                        self.left_out["same-address"] += 1
            self._engine.store_documents(ADDRESSED, entries)
            yield start + len(some)

    def _row(self, facts: Facts) -> dict[str, str] | None:
        """Give the row of a person, or count why there is none."""
        address = address_of(self.channel, facts[FIELDS[self.channel]])
        reason = self._reason(facts) or ("no-address" if address is None else None)
        if reason is not None or address is None:
            self.left_out[str(reason)] += 1
            return None
        languages = facts["languages"] or [""]
        person: dict[str, str] = {
            "profile_id": facts["id"],
            "title": facts["title"] or "",
            "first_name": facts["first_name"] or "",
            "last_name": " ".join(filter(None, (facts["last_name"], facts["second_last_name"]))),
            "language": languages[0],
        }
        return person | address

    def _reason(self, facts: Facts) -> str | None:
        moment = self._members.moment
        if not self._members.judge(facts):
            return "no-member"
        if not agrees(
            facts["consents"] or (),
            self.channel.value,
            self.purpose,
            moment.now,
            moment.property_id,
        ):
            return "no-consent"
        if _is_blocked(facts, moment.today):
            return "blocklist"
        if self._remembers:
            known = {name: facts[name] for name in _KNOWN_BY if facts[name]}
            if known and self._engine.objected(known):
                return "objected"
        return None

    def _entry(self, profile_id: str) -> Entry:
        engine = self._engine
        made = Addressed(self.id, self.channel.value, self.purpose, engine.now)
        id = blake2b(f"{self.id}\0{profile_id}".encode(), digest_size=16).hexdigest()
        return Entry(made, profile_id, id, keys=(("campaign", self.id),))


def _is_blocked(facts: Facts, today: date) -> bool:
    if Classification.BLOCKLIST.value in (facts["classifications"] or ()):
        return True
    day = today.isoformat()
    return any(
        restriction["kind"] == RestrictionKind.BLOCKLIST.value
        and (restriction.get("until") or day) >= day
        for restriction in facts["restrictions"] or ()
    )
