"""Create, read and update profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from typing import Any

import msgspec

from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import PROFILE, Unit
from profilecore.errors import (
    IdempotencyConflict,
    InvalidProfile,
    NotFound,
    Problem,
    ProfileCleared,
)
from profilecore.model.documents import Outcome
from profilecore.model.enums import RelationshipType
from profilecore.model.events import DOCUMENT_STORED, PROFILE_CREATED, PROFILE_UPDATED
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.changing import SETTABLE, Change, change, given_values, new_profile
from profilecore.rules.visibility import SCOPED_FIELDS, may_see_profile, seen_by
from profilecore.store.port import Reader, Terms
from profilecore.values import frozen

MAX_BODY = 2**20
MAX_EDGES = 1_000_000


def create(
    kernel: Kernel,
    given: Profile | Mapping[str, Any],
    key: str | None,
    source: str | None,
    verified: bool,
    instead: Callable[[Profile], Profile | None] = lambda _: None,
) -> Profile:
    profile = new_profile(given, kernel.new_id(), kernel.occasion(source, verified), kernel.border)
    with kernel.writing() as unit:
        once = Once(unit, "create", key, lambda: kernel.codec.plain(_in_order(given)))
        if once.result_id is not None:
            return seen_by(kernel.root(unit.writer, once.result_id), kernel.actor)
        refuse_cleared(unit, profile)
        known = instead(profile)
        if known is None:
            store_new(unit, profile)
        profile = known or profile
        stored = once.remember(profile.id, profile.id)
        if known is not None and stored is not None:  # whoever gets a document is named by an event
            unit.emit(DOCUMENT_STORED, known.id, subject=stored)
    return seen_by(profile, kernel.actor)


def _in_order(given: Profile | Mapping[str, Any]) -> dict[str, Any]:
    """Give the given values with their sets in an order that is the same for each process."""
    return {
        name: sorted(value, key=repr) if isinstance(value, Set) else value
        for name, value in given_values(given).items()
    }


def store_new(unit: Unit, profile: Profile) -> None:
    """Check, store and announce a profile that was read as new."""
    names = tuple(sorted(given_values(profile).keys() & SETTABLE))
    check_change(unit, Change(None, profile, names))
    unit.put_profile(profile, expect=0)
    unit.emit(PROFILE_CREATED, profile.id, fields=names)


def refuse_cleared(unit: Unit, profile: Profile) -> None:
    """Refuse a profile whose external id belonged to a cleared person, where so configured."""
    kernel = unit.kernel
    if kernel.settings.reimport == "new":
        return
    for external in profile.external_ids:
        for id in unit.writer.find(kernel.terms.external(external.system, external.value)):
            document = unit.writer.get(PROFILE, id)
            holder = document and kernel.codec.load(Profile, document.body)
            if holder and holder.state.is_cleared:
                raise ProfileCleared(id if may_see_profile(holder, kernel.actor) else None)


def get(kernel: Kernel, id: str) -> Profile:
    with kernel.reading() as reader:
        root = kernel.root(reader, id)
    kernel.note_reading(root)
    return seen_by(root, kernel.actor)


def path(kernel: Kernel, id: str) -> tuple[str, ...]:
    with kernel.reading() as reader:
        return tuple(profile.id for profile in kernel.line(reader, id))


def update(
    kernel: Kernel,
    id: str,
    changes: Mapping[str, Any],
    if_version: int | None,
    source: str | None,
    verified: bool,
) -> Profile:
    with kernel.writing() as unit:
        profile = kernel.living(unit.writer, id, if_version)
        occasion = kernel.occasion(source, verified)
        made = change(profile, changes, occasion, kernel.border)
        store_change(unit, made)
    return seen_by(made.after, kernel.actor)


def store_change(unit: Unit, made: Change) -> None:
    """Check, store and announce a change; one that changes nothing does nothing."""
    if not made.fields or made.before is None:
        return
    check_change(unit, made)
    unit.put_profile(made.after, expect=made.before.version)
    at = unit.kernel.actor.property_id
    own = tuple(name for name in made.fields if at and _is_of(made, name, at))
    rest = tuple(name for name in made.fields if name not in own)
    for fields, scope in ((rest, None), (own, at)):
        if fields:
            unit.emit(PROFILE_UPDATED, made.after.id, fields=fields, scope=scope)


def _is_of(made: Change, name: str, property_id: str) -> bool:
    """Tell whether all that changed in a field belongs to a property, and is no one else's."""
    if name not in SCOPED_FIELDS or made.before is None:
        return False
    before, after = getattr(made.before, name), getattr(made.after, name)
    changed = [i for i in (*before, *after) if i not in before or i not in after]
    return all(item.property_id == property_id for item in changed)


def check_change(unit: Unit, made: Change) -> None:
    """Refuse what plugins, relations or the size of the body speak against."""
    kernel = unit.kernel
    problems = kernel.plugins.check_change(made)
    if "relationships" in made.fields:
        problems += _unknown_relations(unit, made.before, made.after)
    if len(kernel.codec.dump(made.after)) > MAX_BODY:
        problems.append(Problem("/", "too-large", "must not take more than 1 MiB"))
    if problems:
        raise InvalidProfile(problems)


def _unknown_relations(unit: Unit, before: Profile | None, profile: Profile) -> list[Problem]:
    problems = []
    known = before.relationships if before else ()
    for number, edge in enumerate(profile.relationships):
        if edge in known:
            continue  # maybe to somebody whom this actor does not see
        try:
            other = unit.kernel.root(unit.writer, edge.profile_id)
        except NotFound:
            other = None
        if other is None or other.id == profile.id or other.state.is_cleared:
            path = f"/relationships/{number}/profile_id"
            problems.append(Problem(path, "unknown-profile", "must be another living profile"))
    return problems


@frozen
class Relation:
    """What another person is to this one; ``derived`` where the edge is the other's."""

    profile_id: str
    type: RelationshipType
    derived: bool = False


def relationships(kernel: Kernel, id: str) -> list[Relation]:
    with kernel.reading() as reader:
        profile = kernel.root(reader, id)
        found = relations_of(kernel, reader, seen_by(profile, kernel.actor))
    kernel.note_reading(profile)
    return found


def relations_of(kernel: Kernel, reader: Reader, profile: Profile) -> list[Relation]:
    """Give the relations of a root: the edges that it shows, and the inverse of others'."""
    found = {}
    for edge in profile.relationships:
        with suppress(NotFound):  # of another property
            root = kernel.root(reader, edge.profile_id)
            found[root.id, edge.type] = Relation(root.id, edge.type)
    for other in related_to(kernel, reader, profile.family):
        for edge in other.relationships:
            if edge.profile_id in profile.family and may_see_profile(other, kernel.actor):
                inverse = Relation(other.id, edge.type.inverse, derived=True)
                found.setdefault((other.id, inverse.type), inverse)
    return list(found.values())


def stay_terms(kernel: Kernel, stay: Stay) -> Terms:
    """Give what finds a stay: its number at the property, and each of the guest's companions."""
    keys = [kernel.terms.key("related", id) for id in stay.companions]
    if stay.reference is not None:
        keys.append(stay_key(kernel, stay.property_id, stay.reference))
    return Terms(tuple(keys))


def stay_key(kernel: Kernel, property_id: str, reference: str) -> int:
    """Give the key of the stay that has a number at a property."""
    # Where a property ends and its number begins must be plain.
    at = property_id.replace("%", "%25").replace(":", "%3A")
    return kernel.terms.key("stay", f"{at}:{reference}")


def related_ids(kernel: Kernel, reader: Reader, family: Sequence[str]) -> list[str]:
    """Give the ids of the profiles and stays that name one of the ids."""
    found = (reader.find(kernel.terms.key("related", member), MAX_EDGES) for member in family)
    return list(dict.fromkeys(id for ids in found for id in ids))


def naming(kernel: Kernel, reader: Reader, ids: Iterable[str]) -> dict[str, list[str]]:
    """Give by id, of those that a profile or a stay names, the ids of what names it."""
    keys = {kernel.terms.key("related", id): id for id in ids}
    return {keys[key]: by for key, by in reader.find_many(list(keys)).items()}


def related_to(kernel: Kernel, reader: Reader, family: Sequence[str]) -> list[Profile]:
    """Give the profiles that have an edge to one of the ids."""
    documents = reader.get_many(PROFILE, related_ids(kernel, reader, family))
    return [kernel.codec.load(Profile, d.body) for d in documents]


class Once:
    """Makes a request with an idempotency key happen once.

    ``result_id`` is what an earlier request with the key led to, or ``None``.

    :raises IdempotencyConflict: if the earlier request was another one.
    """

    def __init__(self, unit: Unit, verb: str, key: str | None, request: Any) -> None:
        self._unit, self._verb = unit, verb
        self.result_id: str | None = None
        self._id: str | None = None
        if key is None:
            return
        at = unit.kernel.actor.property_id
        # Two properties may number their bookings alike.
        self._id = self._hash((f"{verb}:{key}" if at is None else f"{verb}@{at}:{key}").encode())
        self._digest = self._hash(msgspec.json.encode(request(), order="sorted"))
        document = unit.writer.get("outcome", self._id)
        if document is not None:
            earlier = unit.kernel.codec.load(Outcome, document.body)
            if earlier.digest not in (None, self._digest):
                raise IdempotencyConflict(verb)
            self.result_id = earlier.result_id

    def remember(self, result_id: str, owner: str) -> str | None:
        """Note what the request led to; give the id of the note, ``None`` without a key."""
        if self._id is not None:
            outcome = Outcome(
                id=self._id, verb=self._verb, result_id=result_id, digest=self._digest
            )
            self._unit.put("outcome", self._id, owner, outcome, expect=0)
        return self._id

    def _hash(self, content: bytes) -> str:
        import hashlib

        salt = self._unit.kernel.store.salt
        return hashlib.blake2b(content, digest_size=16, key=salt).hexdigest()
