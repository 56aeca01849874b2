"""Plan a clear: what goes, what stays, and every reason why it may not happen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import TypeVar

from profilecore.errors import Blocker
from profilecore.model.documents import Document, DocumentKind, Held, Hold, OnClear
from profilecore.model.enums import StayStatus
from profilecore.model.fields import Clear, cleared, rules_of
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.fingerprint import fingerprint
from profilecore.rules.survivorship import is_empty
from profilecore.rules.visibility import Actor, may_see
from profilecore.values import frozen

T = TypeVar("T")
_COMING = (StayStatus.OPTIONAL, StayStatus.CONFIRMED, StayStatus.IN_HOUSE)


@frozen
class Fate:
    """What becomes of one owned document: ``erase``, ``fields`` (reduced) or ``keep``."""

    kind: str
    id: str
    on_clear: OnClear


@frozen
class ClearPlan:
    """Everything a clear will do.  Nothing is written until it is applied.

    ``profile_id`` is the root: asking for a merged-away id clears the whole person, all of
    ``family``.  ``fields`` names the profile fields that hold something and are erased; ``held``
    is what stays, restricted, by which rule until when.  Applying a plan needs only
    ``profile_id`` and ``fingerprint``.
    """

    profile_id: str
    fingerprint: str
    family: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    documents: tuple[Fate, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Count the documents that go, by kind."""
        counts: dict[str, int] = {}
        for fate in self.documents:
            if fate.on_clear is OnClear.ERASE:
                counts[fate.kind] = counts.get(fate.kind, 0) + 1
        return counts


def erased_fields(family: Sequence[Profile], keeps: Keeps) -> tuple[str, ...]:
    """Name the fields of a person's profiles that hold something and that a clear erases."""
    erased: set[str] = set()
    names = _names_erased()
    for profile in family:
        kept = keeps.profile if profile is family[0] else ()
        for name, value in vars(profile).items():
            if name in names and name not in kept and not is_empty(value):
                erased.add(name)
    return tuple(sorted(erased))


@lru_cache(maxsize=1)
def _names_erased() -> frozenset[str]:
    kept = {name for name, rule in rules_of(Profile).items() if rule.clear is Clear.KEEP}
    return frozenset(rules_of(Profile)) - kept - {"provenance"}


def plan_clear(
    family: Sequence[Profile],
    documents: Sequence[Document],
    kinds: Mapping[str, DocumentKind],
    blockers: Iterable[Blocker],
    held: Sequence[Held] = (),
    expired: Collection[tuple[str, str | None]] = (),
) -> ClearPlan:
    """Work out the clear of a person: ``family[0]`` is the root, the others were merged into it.

    A document of a kind that no installed plugin declares is erased whole, and so is one of the
    (kind, id) ``expired``, whose rule wants it deleted.
    """
    keeps = Keeps(held)
    return ClearPlan(
        profile_id=family[0].id,
        fingerprint=fingerprint(family, documents, *sorted(held, key=attrgetter("key"))),
        family=tuple(p.id for p in family),
        fields=erased_fields(family, keeps),
        documents=tuple(
            Fate(
                d.kind,
                d.id,
                OnClear.ERASE if (d.kind, d.id) in expired else keeps.fate(d, kinds),
            )
            for d in documents
        ),
        blockers=tuple(blockers),
        held=tuple(held),
    )


class Keeps:
    """What a clear leaves in place, brought together over all that hold it."""

    def __init__(self, held: Iterable[Held]) -> None:
        self.profile: set[str] = set()
        self._holds: set[str] = set()
        self._documents: dict[tuple[str, str], set[str] | None] = {}
        for each in held:
            if each.hold_id is not None:
                self._holds.add(each.hold_id)
            if each.id is None:
                self.profile.update(each.fields)
            else:
                key = (each.kind, each.id)
                known = self._documents.get(key, set())
                if known is None or not each.fields:
                    self._documents[key] = None
                else:
                    self._documents[key] = known | set(each.fields)

    def left_of(self, document: Document, value: T) -> T:
        """Give the value of a document whose fate is ``fields``, as a clear leaves it."""
        return cleared(value, self._documents.get((document.kind, document.id)) or ())

    def fate(self, document: Document, kinds: Mapping[str, DocumentKind]) -> OnClear:
        """Tell what becomes of a document."""
        if document.kind == "hold" and document.id in self._holds:
            return OnClear.KEEP
        kind = kinds.get(document.kind)
        if (document.kind, document.id) in self._documents:
            whole = self._documents[document.kind, document.id] is None
            # Of a kind that is not known here, nobody can tell the fields apart.
            return OnClear.KEEP if whole or kind is None else OnClear.FIELDS
        return kind.on_clear if kind else OnClear.ERASE


def stay_blockers(stays: Iterable[Stay], today: Callable[[str | None], date]) -> list[Blocker]:
    """Give a blocker for each stay that is under way or to come.

    Who is in house is there, whatever day of departure was planned.
    """
    found = []
    for stay in stays:
        last = stay.departure or stay.arrival
        here = stay.status is StayStatus.IN_HOUSE
        if stay.status not in _COMING or (last is None and not here):
            continue
        is_over = last is not None and last < today(stay.property_id)
        if here or not is_over:
            found.append(
                Blocker(
                    code="in-house" if here else "future-stay",
                    message="A stay is under way." if here else "A stay is to come.",
                    property_id=stay.property_id,
                    ref=stay.id or None,
                    expected_on=None if last is None or is_over else last.isoformat(),
                )
            )
    return found


def hold_blockers(holds: Iterable[Hold]) -> list[Blocker]:
    """Give one blocker for each open hold that keeps nothing, with all its details."""
    return [
        Blocker(
            code=hold.kind,
            message=f"A hold ({hold.kind}) is open.",
            property_id=hold.property_id,
            ref=hold.ref,
            expected_on=None if hold.expected_on is None else hold.expected_on.isoformat(),
        )
        for hold in holds
        if hold.is_open and not hold.keeps
    ]


ELSEWHERE = Blocker("other-property", "Another property of the chain blocks this.")


def blockers_for(blockers: Iterable[Blocker], actor: Actor) -> tuple[Blocker, ...]:
    """Give the blockers as an actor may know them.

    Of other properties only *that* one blocks is told: neither which, nor what, nor how many.
    """
    known = [b if may_see(b.property_id, actor) else ELSEWHERE for b in blockers]
    return tuple(dict.fromkeys(known))
