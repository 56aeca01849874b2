"""Search as you type, filters, and cursors that stay good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import PROFILE
from profilecore.errors import InvalidProfile, Problem
from profilecore.model.enums import Classification, State
from profilecore.model.events import Event
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.normalise.text import label
from profilecore.rules.terms import Typed, readings
from profilecore.rules.visibility import may_see, may_see_profile, seen_by
from profilecore.store.port import Hit, Query, Reader
from profilecore.values import frozen

if TYPE_CHECKING:
    from profilecore.engine.cursors import Cursors

T = TypeVar("T")
MAX_PAGE = 500
MAX_HITS = 5_000
MAX_HIDDEN = 25_000  # hits that one page looks through for the first that the actor sees
MAX_VALUES = 200
MAX_SEQ = 2**63 - 1
MAX_EVENTS = 10_000
MAX_SCANS = 5  # pages of events that one call looks through for a person's
# Beyond it, counting costs what another lead would save.
MANY = 8_000


@frozen
class Page(Generic[T]):
    """One page of a list; ``next`` is the cursor of the following page, ``None`` at the end."""

    items: tuple[T, ...]
    next: str | None = None


@frozen
class Filters:
    """What a profile must have besides the words: every filter given must hold."""

    tags: tuple[str, ...] = ()
    classifications: tuple[str, ...] = ()
    category: str | None = None
    source: str | None = None
    state: State = State.ACTIVE
    external_id: tuple[str, str] | None = None

    def values(self) -> Iterable[tuple[str, str]]:
        """Yield the (sort, value) pairs of the terms that the filters ask for."""
        for tag in self.tags:
            yield "tag", label(tag)
        for classification in self.classifications:
            yield "class", classification
        if self.category:
            yield "category", label(self.category)
        if self.source:
            yield "source", label(self.source)
        if self.external_id:
            yield "external", ":".join(self.external_id)
        if self.state is not State.ACTIVE:
            yield "state", self.state.value


def filters(
    tags: Iterable[str] = (),
    classifications: Iterable[str | Classification] = (),
    category: str | None = None,
    source: str | None = None,
    state: str | State = State.ACTIVE,
    external_id: tuple[str, str] | None = None,
) -> Filters:
    """Check and bring together what a caller filters by.

    :raises InvalidProfile: for an unknown classification or state, or too many values of a field.
    """
    problems = []
    known: list[str] = []
    if isinstance(classifications, str):
        classifications = (classifications,)
    if isinstance(tags, str):
        tags = (tags,)
    tags, classifications = tuple(tags), tuple(classifications)
    for field, values in (("tags", tags), ("classifications", classifications)):
        if len(values) > MAX_VALUES:
            what = f"must be at most {MAX_VALUES} values; search by fewer"
            problems.append(Problem(f"/{field}", "out-of-range", what))
    if problems:
        raise InvalidProfile(problems)
    for number, given in enumerate(classifications):
        try:
            known.append(Classification(getattr(given, "value", given)).value)
        except ValueError:
            path = f"/classifications/{number}"
            problems.append(Problem(path, "unknown-value", "is no classification"))
    try:
        wanted = State(getattr(state, "value", state))
    except ValueError:
        problems.append(
            Problem("/state", "unknown-value", "must be active, merged, restricted or cleared")
        )
    if problems:
        raise InvalidProfile(problems)
    return Filters(tags, tuple(known), category, source, wanted, external_id)


def search(
    kernel: Kernel, text: str, wanted: Filters, limit: int, cursor: str | None
) -> Page[Profile]:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidProfile([Problem("/limit", "out-of-range", f"must be 1 to {MAX_PAGE}")])
    keys = tuple(kernel.terms.key(sort, value) for sort, value in wanted.values())
    page: Page[Profile] = Page(())
    with kernel.reading() as reader:
        for typed in _meant(kernel, text, keys, cursor):
            pages = _cursors(kernel, typed, keys)
            after = None if cursor is None else pages.open(cursor)
            if typed.word is None and text.strip():
                continue  # signs alone find nobody
            if typed.word is None and not keys:
                return _listing(kernel, reader, limit, after, pages)
            page = _search(kernel, reader, typed, keys, wanted.state, limit, after, pages)
            if page.items or page.next or _has_shown(after):
                break
            cursor = None  # what else is meant begins anew
    return page


def _has_shown(after: list[Any] | None) -> bool:
    return after is not None and after[2:] == [True]  # older cursors do not say


def _cursors(kernel: Kernel, typed: Typed, keys: tuple[int, ...]) -> Cursors:
    from profilecore.engine.cursors import Cursors

    return Cursors(kernel.store.salt, repr((typed, sorted(keys))).encode())


def _meant(
    kernel: Kernel, text: str, keys: tuple[int, ...], cursor: str | None
) -> tuple[Typed, ...]:
    """Give what the text can mean; with a cursor, what it meant on the page before and after."""
    ways = readings(text)
    if cursor is None:
        return ways
    fit = (n for n, typed in enumerate(ways) if _cursors(kernel, typed, keys).fits(cursor))
    return ways[next(fit, 0) :]


def _search(
    kernel: Kernel,
    reader: Reader,
    typed: Typed,
    keys: tuple[int, ...],
    state: State,
    limit: int,
    after: list[Any] | None,
    pages: Cursors,
) -> Page[Profile]:
    position: tuple[Any, ...] | None = None
    shown = _has_shown(after)
    if after is None:
        typed = _led_by_a_rare_word(reader, typed)
    else:
        # As on the page before, whatever is rarer now: the order must stay.
        lead, place, *_ = after
        typed, position = typed.led_by(lead), tuple(place)
    # The lead comes last: nearly every row passes it.
    names = sorted(typed.names, key=lambda name: name == typed.word)
    query = Query(typed.word, tuple(names), keys)
    # A page of hits is no reading for a purpose: that leaves a trace for each person.
    actor = evolve(kernel.actor, purpose=None)
    found: list[Profile] = []
    last: tuple[Any, ...] | None = None
    seen = 0
    while seen < (MAX_HITS if found else MAX_HIDDEN):
        # What is missing; and where profiles hit many times, more and more.
        batch = max(limit + 1 - len(found), min(seen - limit, MAX_PAGE))
        hits = reader.search(query, position, batch)
        for hit in hits:
            if not typed.may_be_first(hit.word, hit.text):
                continue
            if len(found) == limit:
                return Page(tuple(found), pages.seal((typed.word, last, True)))
            profile = _shown_by(hit, typed, kernel)
            # A tombstone may have the key of an external id, to know it when it comes again.
            if profile is not None and profile.state is state:
                found.append(seen_by(profile, actor))
                last = hit.position
        seen += len(hits)
        if len(hits) < batch:
            return Page(tuple(found))
        position = hits[-1].position
    return Page(tuple(found), pages.seal((typed.word, position, shown or bool(found))))


def _led_by_a_rare_word(reader: Reader, typed: Typed) -> Typed:
    """Let the first word lead that has few hits: a store may have to go through them all.

    Where each has many, so mostly have they together, and a page is soon full.
    """
    few = (rival for rival in typed.rivals if not reader.has_hits(rival, MANY))
    return typed.led_by(next(few, typed.word))


def _shown_by(hit: Hit, typed: Typed, kernel: Kernel) -> Profile | None:
    """Give the profile of a hit if the actor sees it, and by this one of its hits."""
    if hit.document.kind != PROFILE:
        return None
    profile = kernel.codec.load(Profile, hit.document.body)
    if not may_see_profile(profile, kernel.actor):
        return None
    if typed.word is None:
        return profile
    return profile if typed.finds(profile, hit.word, hit.text) else None


def _listing(
    kernel: Kernel, reader: Reader, limit: int, after: list[Any] | None, pages: Cursors
) -> Page[Profile]:
    found: list[Profile] = []
    last: str | None = after[0] if after else None
    while True:
        documents = reader.listing(PROFILE, last, limit + 1)
        for document in documents:
            if len(found) == limit:
                return Page(tuple(found), pages.seal((last,)))
            last = document.id
            profile = kernel.codec.load(Profile, document.body)
            if profile.state is State.ACTIVE and may_see_profile(profile, kernel.actor):
                found.append(seen_by(profile, kernel.actor))
        if len(documents) <= limit:
            return Page(tuple(found))


def changes(
    kernel: Kernel, after: int | str, limit: int, profile_id: str | None = None
) -> Page[Event]:
    problems = []
    start = _seq(after)
    if start is None:
        problems.append(Problem("/after", "invalid-value", "must be a cursor of this feed"))
    if not 1 <= limit <= MAX_EVENTS:
        problems.append(Problem("/limit", "out-of-range", f"must be 1 to {MAX_EVENTS}"))
    if problems or start is None:
        raise InvalidProfile(problems)
    with kernel.reading() as reader:
        if profile_id is not None:
            family = kernel.root(reader, profile_id).family
            return _changes_of(kernel, reader, frozenset(family), start, limit)
        found = reader.events(start, limit)
        seen = _visible(kernel, reader, found)
    return Page(tuple(seen), str(found[-1].seq if found else start))


def _seq(after: int | str) -> int | None:
    """Read a cursor of the feed; ``None`` where it is none."""
    if isinstance(after, str):
        # int() reads no more than some thousand digits.
        after = int(after) if after.isdecimal() and len(after) <= len(str(MAX_SEQ)) else -1
    return after if type(after) is int and 0 <= after <= MAX_SEQ else None


def _changes_of(
    kernel: Kernel, reader: Reader, family: frozenset[str], after: int, limit: int
) -> Page[Event]:
    """Look for the events about one person; no index leads to them."""
    seen: list[Event] = []
    for _ in range(MAX_SCANS):
        found = reader.events(after, MAX_EVENTS)
        about = [e for e in found if e.profile_id in family or not family.isdisjoint(e.related)]
        seen += _visible(kernel, reader, about)
        if len(seen) >= limit:
            return Page(tuple(seen[:limit]), str(seen[limit - 1].seq))
        if not found:
            break
        after = found[-1].seq
    return Page(tuple(seen), str(after))


def _visible(kernel: Kernel, reader: Reader, events: list[Event]) -> list[Event]:
    seen = [e for e in events if may_see(e.scope, kernel.actor)]
    if kernel.actor.property_id is None:
        return seen
    ids = list({e.profile_id: None for e in seen})
    about = [kernel.codec.load(Profile, d.body) for d in reader.get_many(PROFILE, ids)]
    visible = {p.id for p in about if may_see_profile(p, kernel.actor)}
    return [e for e in seen if e.profile_id in visible]
