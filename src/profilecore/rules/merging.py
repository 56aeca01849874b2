"""Plan a merge: each field with its candidates, the value that survives and the rule that chose.

Planning is pure; the same plan is shown to a person, serialised, and applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from profilecore.errors import Blocker, InvalidProfile, Problem
from profilecore.model.documents import Document
from profilecore.model.enums import NameType, SharedLevel
from profilecore.model.fields import evolve, rules_of
from profilecore.model.parts import Provenance, Stamp
from profilecore.model.profile import Profile
from profilecore.rules.clashes import Clash
from profilecore.rules.fingerprint import fingerprint
from profilecore.rules.survivorship import (
    RULES,
    Candidate,
    Choice,
    Preference,
    Rule,
    is_empty,
)
from profilecore.rules.visibility import CHAIN, Actor, may_see, seen_by
from profilecore.values import frozen

# Kept by the engine itself, not decided field by field.
_BOOKKEEPING = frozenset({"version", "updated_at", "provenance", "facets"})


@frozen
class FieldPlan:
    """What a merge does to one field.

    ``profile_id`` is where the value comes from (``None``: from several) and ``reason`` the
    rung of the survivorship rule that decided.
    """

    field: str
    rule: str
    reason: str
    candidates: tuple[Candidate, ...] = attrs.field(repr=False)
    value: Any = attrs.field(repr=False)
    profile_id: str | None = None


@frozen
class MergePlan:
    """Everything a merge will do.  Nothing is written until it is applied.

    ``owned`` counts, per kind, the documents that the survivor will own besides its own;
    ``references`` counts what the host's providers will re-point; ``clashes`` are documents of
    which one person should have one.  ``already`` is the id of the merge that did this before.
    Applying a plan needs only ``survivor_id``, ``loser_ids``, ``choices`` and ``fingerprint``, so
    a plan may be stored as those.
    """

    survivor_id: str
    loser_ids: tuple[str, ...]
    fingerprint: str
    choices: Mapping[str, str] = attrs.field(factory=dict)
    fields: tuple[FieldPlan, ...] = ()
    owned: Mapping[str, int] = attrs.field(factory=dict)
    references: Mapping[str, int] = attrs.field(factory=dict)
    clashes: tuple[Clash, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    already: str | None = None
    result: Profile | None = None

    def seen_by(self, actor: Actor) -> MergePlan:
        """Give the plan without the items of other properties."""
        if actor.property_id is None or self.result is None:
            return self
        return evolve(
            self,
            result=seen_by(self.result, actor),
            fields=tuple(_field_seen(plan, actor) for plan in self.fields),
        )


def _field_seen(plan: FieldPlan, actor: Actor) -> FieldPlan:
    def cut(value: Any) -> Any:
        if not isinstance(value, tuple):
            return value
        own = (None, actor.property_id)
        return tuple(i for i in value if getattr(i, "property_id", None) in own)

    candidates = tuple(evolve(c, value=cut(c.value)) for c in plan.candidates)
    return evolve(plan, candidates=candidates, value=cut(plan.value))


@frozen
class MergeRules:
    """What a merge goes by: the survivorship rules by name, the facets, the trusted sources."""

    rules: Mapping[str, Rule] = attrs.field(factory=lambda: dict(RULES))
    facets: Mapping[str, type] = attrs.field(factory=dict)
    trusted_sources: tuple[str, ...] = ()


def plan_merge(
    survivor: Profile,
    losers: Sequence[Profile],
    choices: Mapping[str, str],
    owned: Iterable[Document],
    by: MergeRules,
    at: datetime,
    actor: Actor = CHAIN,
) -> MergePlan:
    """Work out a merge of ``losers`` into ``survivor``; all are roots and differ.

    ``actor`` decides which of the owned documents are counted.

    :raises InvalidProfile: if a choice names no field or no profile of this merge.
    """
    people = (survivor, *losers)
    chosen = _choices(choices, people)
    documents = list(owned)
    blockers = tuple(blockers_of(survivor, losers))
    plans, values, stamps = _fields(people, chosen, by)
    facets = _facets(people, by)
    if facets:
        held = tuple(Candidate(p.id, p.facets) for p in people)
        plans += (FieldPlan("facets", "facets", "facets", held, facets),)
    result = evolve(
        survivor,
        version=survivor.version + 1,
        updated_at=at,
        absorbed=(*survivor.absorbed, *(id for p in losers for id in p.family)),
        facets=facets,
        provenance=Provenance(survivor.provenance.base, stamps),
        **values,
    )
    loser_ids = {id for p in losers for id in p.family}
    counts: dict[str, int] = {}
    for document in documents:
        if document.owner in loser_ids and may_see(document.property_id, actor):
            counts[document.kind] = counts.get(document.kind, 0) + 1
    return MergePlan(
        survivor_id=survivor.id,
        loser_ids=tuple(p.id for p in losers),
        fingerprint=fingerprint(people, documents, survivor.id, sorted(chosen.items())),
        choices=chosen,
        fields=plans,
        owned=counts,
        blockers=blockers,
        result=result,
    )


def blockers_of(survivor: Profile, losers: Sequence[Profile]) -> Iterable[Blocker]:
    """Yield every reason in the profiles themselves why they cannot be merged."""
    for profile in (survivor, *losers):
        if profile.state.is_cleared:
            yield Blocker("cleared", f"Profile {profile.id} was cleared.")
    for profile in losers:
        if profile.id == survivor.id:
            yield Blocker("merge-with-itself", "A profile cannot be merged with itself.")
        elif profile.profile_type is not survivor.profile_type:
            yield Blocker("other-type", f"Profile {profile.id} is of another type.")
        elif _circle(profile) != _circle(survivor):
            message = (
                f"Profile {profile.id} is not for the same properties; share or unshare one first."
            )
            yield Blocker("other-sharing", message)


def _circle(profile: Profile) -> tuple[SharedLevel, str | None]:
    """Give who may see a profile: the chain, or one property."""
    is_shared = profile.shared_level is SharedLevel.CHAIN
    return profile.shared_level, None if is_shared else profile.property_id


def _choices(choices: Mapping[str, str], people: Sequence[Profile]) -> dict[str, str]:
    names = rules_of(Profile)
    by_any_id = {id: p.id for p in people for id in p.family}
    chosen: dict[str, str] = {}
    problems: list[Problem] = []
    for given, id in choices.items():
        name = next((n for n in (given, *_plurals(given)) if n in names), None)
        if name is None or names[name].merge == "survivor" or name in _BOOKKEEPING:
            problems.append(Problem(f"/choices/{given}", "unknown-field", "cannot be chosen"))
        elif id not in by_any_id:
            problems.append(Problem(f"/choices/{given}", "unknown-profile", "is not merged here"))
        else:
            chosen[name] = by_any_id[id]
    if problems:
        raise InvalidProfile(problems)
    return chosen


def _plurals(name: str) -> tuple[str, ...]:
    """People choose ``email`` and mean which e-mail address comes first."""
    return (f"{name}s", f"{name}es", f"{name[:-1]}ies")


def _fields(
    people: Sequence[Profile], chosen: Mapping[str, str], by: MergeRules
) -> tuple[tuple[FieldPlan, ...], dict[str, Any], dict[str, Stamp]]:
    plans: list[FieldPlan] = []
    values: dict[str, Any] = {}
    stamps = dict(people[0].provenance.fields)
    for name, rule in rules_of(Profile).items():
        if name in _BOOKKEEPING or rule.merge == "survivor" or name == "absorbed":
            continue
        candidates = tuple(
            Candidate(p.id, _candidate(p, name), p.provenance.of(name)) for p in people
        )
        if all(is_empty(c.value) for c in candidates):
            continue
        preference = Preference(by.trusted_sources, chosen.get(name))
        choice = _tidy(name, by.rules[rule.merge](candidates, preference), people, values)
        if is_empty(choice.value) and is_empty(getattr(people[0], name)):
            continue
        values[name] = choice.value
        if choice.stamp is None or choice.stamp == people[0].provenance.base:
            stamps.pop(name, None)
        else:
            stamps[name] = choice.stamp
        plans.append(
            FieldPlan(name, rule.merge, choice.reason, candidates, choice.value, choice.profile_id)
        )
    return tuple(plans), values, stamps


def _candidate(profile: Profile, name: str) -> Any:
    value = getattr(profile, name)
    if name != "alternate_names":
        return value
    # The names that the profiles went by stay findable, whichever becomes the main one.
    return (evolve(profile.names[0], type=NameType.ALTERNATE), *value)


def _tidy(
    name: str, choice: Choice, people: Sequence[Profile], values: Mapping[str, Any]
) -> Choice:
    if name == "alternate_names":
        own = evolve(people[0], **values).names[0].key
        kept = tuple(n for n in choice.value if n.key and n.key != own)
        return evolve(choice, value=kept)
    if name == "relationships":
        family = {id for p in people for id in p.family}
        kept = tuple(edge for edge in choice.value if edge.profile_id not in family)
        return evolve(choice, value=kept)
    return choice


def _facets(people: Sequence[Profile], by: MergeRules) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for profile in people:
        for name, facet in profile.facets.items():
            if name not in merged:
                merged[name] = facet
            elif name in by.facets:
                merged[name] = _merge_records(merged[name], facet, people[0].id, profile.id, by)
    return merged


def _merge_records(kept: Any, other: Any, survivor: str, loser: str, by: MergeRules) -> Any:
    values = {
        name: by.rules[rule.merge](
            (Candidate(survivor, getattr(kept, name)), Candidate(loser, getattr(other, name))),
            Preference(by.trusted_sources),
        ).value
        for name, rule in rules_of(type(kept)).items()
    }
    return evolve(kept, **values)
