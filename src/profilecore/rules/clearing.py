"""Plan a clear: what goes, what stays, and every reason why it may not happen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from profilecore.errors import Blocker
from profilecore.model.documents import Document, DocumentKind, Hold, OnClear
from profilecore.model.fields import Clear, rules_of
from profilecore.model.profile import Profile
from profilecore.rules.fingerprint import fingerprint
from profilecore.rules.survivorship import is_empty
from profilecore.rules.visibility import Actor, may_see
from profilecore.values import frozen

T = TypeVar("T")


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
    ``family``.  ``fields`` names the profile fields that hold something and are erased.
    Applying a plan needs only ``profile_id`` and ``fingerprint``.
    """

    profile_id: str
    fingerprint: str
    family: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    documents: tuple[Fate, ...] = ()
    blockers: tuple[Blocker, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Count the documents that go, by kind."""
        counts: dict[str, int] = {}
        for fate in self.documents:
            if fate.on_clear is OnClear.ERASE:
                counts[fate.kind] = counts.get(fate.kind, 0) + 1
        return counts


def plan_clear(
    family: Sequence[Profile],
    documents: Sequence[Document],
    kinds: Mapping[str, DocumentKind],
    blockers: Iterable[Blocker],
) -> ClearPlan:
    """Work out the clear of a person: ``family[0]`` is the root, the others were merged into it.

    A document of a kind that no installed plugin declares is erased whole.
    """
    erased = {
        name
        for profile in family
        for name, rule in rules_of(Profile).items()
        if rule.clear is not Clear.KEEP and not is_empty(getattr(profile, name))
    }
    fates = tuple(
        Fate(d.kind, d.id, kinds[d.kind].on_clear if d.kind in kinds else OnClear.ERASE)
        for d in documents
    )
    return ClearPlan(
        profile_id=family[0].id,
        fingerprint=fingerprint(family, documents),
        family=tuple(p.id for p in family),
        fields=tuple(sorted(erased - {"provenance"})),
        documents=fates,
        blockers=tuple(blockers),
    )


def cleared(value: T) -> T:
    """Give a record as clearing leaves it, by the clear rule of each of its fields."""
    values: dict[str, Any] = {}
    for name, rule in rules_of(type(value)).items():
        if rule.clear is Clear.KEEP:
            values[name] = getattr(value, name)
        elif rule.clear is Clear.GENERALISE and rule.generalise is not None:
            values[name] = rule.generalise(getattr(value, name))
    return type(value)(**values)


def hold_blockers(holds: Iterable[Hold]) -> list[Blocker]:
    """Give one blocker for each open hold, with all its details."""
    return [
        Blocker(
            code=hold.kind,
            message=f"A hold ({hold.kind}) is open.",
            property_id=hold.property_id,
            ref=hold.ref,
            expected_on=None if hold.expected_on is None else hold.expected_on.isoformat(),
        )
        for hold in holds
        if hold.is_open
    ]


ELSEWHERE = Blocker("other-property", "Another property of the chain blocks this.")


def blockers_for(blockers: Iterable[Blocker], actor: Actor) -> tuple[Blocker, ...]:
    """Give the blockers as an actor may know them.

    Of other properties only *that* one blocks is told: neither which, nor what, nor how many.
    """
    known = [b if may_see(b.property_id, actor) else ELSEWHERE for b in blockers]
    return tuple(dict.fromkeys(known))
