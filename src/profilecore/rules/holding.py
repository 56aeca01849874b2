"""What open legal holds keep of a person, and what an earlier clear kept that must stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from profilecore.model.documents import Held, Hold
from profilecore.model.fields import evolve
from profilecore.rules.retention import PROFILE, Today, with_name


def held_by_holds(holds: Iterable[Hold], documents: Iterable[tuple[str, str]]) -> Iterator[Held]:
    """Yield what open legal holds keep, of a person's (kind, id) documents, until released."""
    known = list(documents)
    for hold in holds:
        if not hold.is_open or not hold.keeps:
            continue
        fields: dict[tuple[str, str | None], tuple[str, ...]] = {}
        for path in hold.keeps:
            what, _, name = path.partition(".")
            kind, _, wanted = what.partition("/")
            ids: list[str | None] = [None]
            if kind != PROFILE:
                ids = [id for k, id in known if k == kind and wanted in ("", id)]
            for id in ids:
                fields[kind, id] = with_name(fields.get((kind, id)), name)
        for (kind, id), names in fields.items():
            yield Held(kind, hold.kind, tuple(sorted(names)), id, None, hold.id, hold.property_id)


def still_held(
    earlier: Sequence[Held],
    holds: Iterable[Hold],
    off: frozenset[str],
    today: Today,
    places: Iterable[str] = (),
) -> list[Held]:
    """Give those things kept by an earlier clear that must go on being kept.

    What a rule held is held until its last day, unless the rule was switched ``off``: one that is
    not known is that of a plugin that is missing here.  What a hold held is held until it is
    released.  An open hold that came later keeps what is still there.  What no document dates is
    held until the day is over at all the ``places``.
    """
    dated = {(held.rule, held.until) for held in earlier if held.id is not None}
    open_holds = {hold.id: hold for hold in holds if hold.is_open and hold.keeps}

    def lasts(held: Held) -> bool:
        if held.until is None or held.rule in off:
            return False
        day = today(held.property_id)
        if held.id is None and (held.rule, held.until) not in dated:
            day = min((day, *map(today, places)))
        return held.until >= day

    lasting = {(held.rule, held.until) for held in earlier if lasts(held)}
    # The day of a profile ends no sooner than at the property of the stay that holds it.
    kept = [
        held
        for held in earlier
        if held.hold_id in open_holds
        or lasts(held)
        or (held.id is None and (held.rule, held.until) in lasting)
    ]
    before = {held.hold_id for held in earlier}
    later = [hold for hold in open_holds.values() if hold.id not in before]
    there: dict[tuple[str, str | None], set[str]] = {}
    for held in earlier:
        there.setdefault((held.kind, held.id), set()).update(held.fields or ("",))
    documents = [(kind, id) for kind, id in there if id is not None]
    for held in held_by_holds(later, documents):
        fields = there.get((held.kind, held.id), set())
        names_ = tuple(n for n in held.fields if n in fields or "" in fields)
        if not held.fields:
            names_ = tuple(sorted(fields - {""}))
        if names_ or "" in fields:
            kept.append(evolve(held, fields=names_))
    return kept
