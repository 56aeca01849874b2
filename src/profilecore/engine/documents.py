"""Documents of kinds that plugins registered: stored, found and deleted by the engine's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import attrs

from profilecore.engine import extracting
from profilecore.engine.builtin import CORE_KINDS
from profilecore.engine.extracting import Key
from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import Unit
from profilecore.errors import InvalidProfile, NotFound, Problem, ScopeDenied, VersionConflict
from profilecore.model.documents import Document, DocumentKind
from profilecore.model.enums import State
from profilecore.model.events import DOCUMENT_DELETED, DOCUMENT_STORED
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.rules.visibility import may_see, may_see_profile, released
from profilecore.store.port import NO_TERMS, Reader, Terms
from profilecore.values import frozen

MAX_DOCUMENTS = 10_000
_CORE = frozenset(kind.name for kind in CORE_KINDS)


@frozen
class Stored:
    """A document as it is stored: whose it is (``None``: the chain's), and its value.

    ``profile_id`` is the id that it was given to; the person may have another by now.
    """

    kind: str
    id: str
    profile_id: str | None
    version: int
    value: Any = attrs.field(repr=False)
    property_id: str | None = None

    @property
    def owner(self) -> str:
        """The profile id that it was given to; its own, if it is the chain's."""
        return self.profile_id or self.id


@frozen
class Entry:
    """A document to be stored: its value, whose it is (``None``: the chain's), what finds it.

    Without an ``id`` it is a new one.  ``if_version`` is the version that must be stored now, 0
    for none; ``keys`` are (sort, value) pairs; with ``property_id`` other properties do not see it.

    What is new belongs to the person as of now, the root of ``profile_id``.  With ``exact_owner``
    it belongs to that very id, which may have been merged away: an unmerge gives it back with it.
    """

    value: Any = attrs.field(repr=False)
    profile_id: str | None = None
    id: str | None = None
    if_version: int | None = None
    keys: tuple[Key, ...] = attrs.field(default=(), repr=False)
    property_id: str | None = None
    exact_owner: bool = False


def store(
    kernel: Kernel, kind: str, entries: Iterable[Entry], read: Iterable[Stored] = ()
) -> list[Stored]:
    declared = _kind(kernel, kind)
    listed = [e if e.id else _new(kernel, e) for e in entries]
    _check(kernel, declared, listed)
    with kernel.writing() as unit, unit.batch():
        known: dict[str, Document | Stored] = {each.id: each for each in read}
        # That something new is there already is told by the store.
        old = [str(e.id) for e in listed if e.if_version != 0 and e.id not in known]
        if old:
            known.update((document.id, document) for document in unit.writer.get_many(kind, old))
        owners = (e.profile_id for e in listed if e.profile_id is not None)
        active = _active(kernel, unit.writer, owners)
        storing = _Storing(unit, declared, active)
        made = [storing.put(str(entry.id), entry, known.get(str(entry.id))) for entry in listed]
        for scope, told in groupby(storing.told, itemgetter(0)):
            unit.emit_all(DOCUMENT_STORED, ((id, (), subject) for _, id, subject in told), scope)
        return made


def _new(kernel: Kernel, entry: Entry) -> Entry:
    return evolve(entry, id=kernel.new_id(), if_version=entry.if_version or 0)


def _check(kernel: Kernel, kind: DocumentKind, entries: Sequence[Entry]) -> None:
    """Refuse what is wrong with the entries whatever is stored."""
    actor = kernel.actor
    if not all(isinstance(entry.value, kind.cls) for entry in entries):
        raise TypeError(f"A document of the kind {kind.name} is a {kind.cls.__name__}.")
    for entry in entries if actor.property_id is not None else ():
        of_chain = entry.profile_id is None and entry.property_id is None
        if not may_see(entry.property_id, actor) or (of_chain and actor.property_id):
            raise ScopeDenied(f"store a {kind.name} for another property or for the chain")
    if len({entry.id for entry in entries}) < len(entries):
        raise InvalidProfile([Problem("/id", "taken", "must not come twice in one call")])


def _active(kernel: Kernel, reader: Reader, owners: Iterable[str]) -> set[str]:
    """Give ids, among them those of the owners that are roots and that the actor may see."""
    found = unit.living if (unit := kernel.open_unit) else set()
    unknown = [owner for owner in dict.fromkeys(owners) if owner not in found]
    if unknown:
        found.update(extracting.living(kernel, reader, unknown))
    return found


class _Storing:
    """Stores documents of one kind; ``told`` is for the feed: whom they are of, root and id."""

    def __init__(self, unit: Unit, kind: DocumentKind, active: set[str]) -> None:
        self._unit = unit
        self._kind = kind
        self._active = active
        self._actor = unit.kernel.actor
        self.told: list[tuple[str | None, str, str]] = []
        # Many of a batch may have the same key, as a day.
        self._key = cache(partial(_key_of, unit.kernel, kind.name))

    def put(self, id: str, entry: Entry, known: Document | Stored | None) -> Stored:
        """Store one document over the one that is known."""
        name, at, profile_id = self._kind.name, entry.property_id, entry.profile_id
        version = 0
        if known is not None:
            version = known.version
            if self._actor.property_id is not None:
                self._check_over(known)
        root_id: str | None
        if profile_id in self._active and (known is None or known.owner == profile_id):
            root_id = owner = profile_id
        else:
            owner, root_id = self._owner(id, entry, known)
        if id == owner and profile_id is not None:  # a store takes it for the chain's
            raise InvalidProfile([Problem("/id", "taken", "must not be the id of the profile")])
        if entry.if_version is not None and entry.if_version != version:
            raise VersionConflict(id, entry.if_version, version)
        terms = self._terms(entry) if entry.keys or self._kind.about else NO_TERMS
        self._unit.put(name, id, owner, entry.value, expect=version, property_id=at, terms=terms)
        if root_id is not None:
            self.told.append((at, root_id, id))
        return Stored(name, id, profile_id and owner, version + 1, entry.value, at)

    def _check_over(self, known: Document | Stored) -> None:
        """Refuse a property to store over what it does not see, or what is the chain's."""
        if not may_see(known.property_id, self._actor):
            raise NotFound(known.kind, known.id)
        if _of_chain(known):
            raise ScopeDenied(f"store over a {known.kind} of the chain")

    def _owner(
        self, id: str, entry: Entry, known: Document | Stored | None
    ) -> tuple[str, str | None]:
        """Give who owns a document, and the root that it is about now."""
        profile_id, kind = entry.profile_id, self._kind.name
        if profile_id is None:
            if known is not None and known.owner != id:
                raise NotFound(kind, id)
            return id, None
        root = self._unit.kernel.living(self._unit.writer, profile_id)
        if known is not None and known.owner not in root.family:
            raise NotFound(kind, id)
        new_owner = profile_id if entry.exact_owner else root.id
        return (known.owner if known else new_owner), root.id

    def _terms(self, entry: Entry) -> Terms:
        kernel, kind = self._unit.kernel, self._kind
        keys = tuple([self._key(key) for key in entry.keys])
        if kind.about:
            others = kind.about(entry.value)
            keys += tuple(about_key(kernel, kind.name, other) for other in others)
        return Terms(keys) if keys else NO_TERMS


def _of_chain(document: Document | Stored) -> bool:
    return document.owner == document.id and document.property_id is None


def about_key(kernel: Kernel, kind: str, profile_id: str) -> int:
    """Give the key of the documents of a kind that concern a profile of somebody else's."""
    return kernel.terms.key("about", f"{kind}:{profile_id}")


def _kind(kernel: Kernel, name: str) -> DocumentKind:
    kind = kernel.kinds.get(name)
    if kind is None or name in _CORE:
        raise NotFound("kind of documents", name)
    return kind


def read(kernel: Kernel, kind: str, id: str) -> Stored:
    _kind(kernel, kind)
    restricted: dict[str, Profile] = {}
    with kernel.reading() as reader:
        document = reader.get(kind, id)
        found = list(_shown(kernel, reader, [document] if document else [], restricted))
    _note_readings(kernel, restricted)
    if not found:
        raise NotFound(kind, id)
    return found[0]


def _note_readings(kernel: Kernel, restricted: Mapping[str, Profile]) -> None:
    for root in restricted.values():
        kernel.note_reading(root)


def listed(
    kernel: Kernel,
    kind: str,
    profile_id: str | None,
    key: Key | None,
    ids: Sequence[str] | None,
    after: str | None,
    limit: int,
) -> list[Stored]:
    _kind(kernel, kind)
    if not 1 <= limit <= MAX_DOCUMENTS:
        problem = Problem("/limit", "out-of-range", f"must be 1 to {MAX_DOCUMENTS}")
        raise InvalidProfile([problem])
    restricted: dict[str, Profile] = {}
    with kernel.reading() as reader:
        found: list[Document] | None = None
        if profile_id is not None:
            found = reader.owned(kernel.root(reader, profile_id).family, kind)
        elif ids is not None:
            found = reader.get_many(kind, ids)
        elif key is not None:
            # Of a property some may be hidden, and others behind them.
            at_most = limit if kernel.actor.property_id is None else MAX_DOCUMENTS
            found = reader.get_many(kind, reader.find(_key_of(kernel, kind, key), at_most))
        if found is None:
            shown = list(_page(kernel, reader, kind, after, limit, restricted))
        else:
            shown = list(_shown(kernel, reader, found, restricted))
            if key is not None:
                del shown[limit:]
    _note_readings(kernel, restricted)
    return shown


def _key_of(kernel: Kernel, kind: str, key: Key) -> int:
    return kernel.terms.key(f"{kind}:{key[0]}", key[1])


def delete(kernel: Kernel, kind: str, id: str) -> bool:
    _kind(kernel, kind)
    with kernel.writing() as unit:
        document = unit.writer.get(kind, id)
        if document is None or not may_see(document.property_id, kernel.actor):
            return False
        if document.owner != id:
            root = kernel.living(unit.writer, document.owner)
            unit.emit(DOCUMENT_DELETED, root.id, subject=id, scope=document.property_id)
        elif _of_chain(document) and kernel.actor.property_id is not None:
            raise ScopeDenied(f"delete a {kind} of the chain")
        return unit.writer.delete(kind, id)


def told_of(kernel: Kernel, reader: Reader, ids: Sequence[str]) -> set[str]:
    """Give those of some profile ids that documents are about, somebody else's among them."""
    kinds = [kind.name for kind in kernel.kinds.values() if kind.about is not None]
    keys = {about_key(kernel, kind, id): id for kind in kinds for id in ids}
    return {keys[key] for key in reader.find_many(list(keys))} if keys else set()


def drop_about(unit: Unit, family: Iterable[str]) -> None:
    """Delete what other people's documents tell of a person who is cleared."""
    kernel = unit.kernel
    for kind in kernel.kinds.values():
        if kind.about is None:
            continue
        keys = [about_key(kernel, kind.name, profile_id) for profile_id in family]
        # One may be about several ids of a person.
        ids = {id: None for key in keys for id in unit.writer.find(key, MAX_DOCUMENTS)}
        for document in unit.writer.get_many(kind.name, list(ids)):
            unit.writer.delete(kind.name, document.id)
            if document.owner not in (document.id, *family):
                root = kernel.owner_of(unit.writer, document)
                unit.emit(
                    DOCUMENT_DELETED, root.id, subject=document.id, scope=document.property_id
                )


def _page(
    kernel: Kernel,
    reader: Reader,
    kind: str,
    after: str | None,
    limit: int,
    restricted: dict[str, Profile],
) -> Iterator[Stored]:
    """Yield as many documents of a kind as are asked for: fewer would be taken for the end."""
    while limit and (found := reader.listing(kind, after, limit)):
        for stored in _shown(kernel, reader, found, restricted):
            limit -= 1
            yield stored
        after = found[-1].id


def _shown(
    kernel: Kernel, reader: Reader, documents: Iterable[Document], restricted: dict[str, Profile]
) -> Iterator[Stored]:
    """Give documents as far as the actor may see them and whom they are about.

    Restricted people of whom something is given are noted in ``restricted``.
    """
    seen = [d for d in documents if may_see(d.property_id, kernel.actor)]
    active = _active(kernel, reader, (d.owner for d in seen if d.owner != d.id))
    for document in seen:
        kind = kernel.kinds[document.kind]
        value: Any = kernel.codec.load(kind.cls, document.body)
        owner = None if document.owner == document.id else document.owner
        if owner is not None and owner not in active:
            root = kernel.owner_of(reader, document)
            may = may_see_profile(root, kernel.actor)
            value = released(value, document, root, kind, kernel.actor) if may else None
            if value is not None and root.state is State.RESTRICTED:
                restricted[root.id] = root
        if value is not None:
            at = document.property_id
            yield Stored(document.kind, document.id, owner, document.version, value, at)
