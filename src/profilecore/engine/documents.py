"""Documents of kinds that plugins registered: stored, found and deleted by the engine's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from profilecore.engine.kernel import CORE_KINDS, Kernel, Unit
from profilecore.errors import InvalidProfile, NotFound, Problem, ScopeDenied, VersionConflict
from profilecore.model.documents import Document, DocumentKind
from profilecore.model.events import DOCUMENT_DELETED, DOCUMENT_STORED
from profilecore.model.profile import Profile
from profilecore.rules.visibility import may_see, may_see_profile, released
from profilecore.store.port import Reader, Terms
from profilecore.values import frozen

Key = tuple[str, str]
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


def store(
    kernel: Kernel,
    kind: str,
    value: Any,
    profile_id: str | None,
    id: str | None,
    if_version: int | None,
    keys: Iterable[Key],
    property_id: str | None,
) -> Stored:
    declared = _kind(kernel, kind)
    if not isinstance(value, declared.cls):
        raise TypeError(f"A document of the kind {kind} is a {declared.cls.__name__}.")
    if not may_see(property_id, kernel.actor) or (profile_id is None and kernel.actor.property_id):
        raise ScopeDenied(f"store a {kind} for another property or for the chain")
    with kernel.writing() as unit:
        known = unit.writer.get(kind, id) if id is not None else None
        version = known.version if known else 0
        if if_version is not None and if_version != version:
            raise VersionConflict(id or kind, if_version, version)
        id = id or kernel.new_id()
        owner, about = _owner(unit, known, kind, id, profile_id)
        terms = Terms(keys=tuple(_terms(kernel, declared, value, keys)))
        unit.put(kind, id, owner, value, expect=version, property_id=property_id, terms=terms)
        if about is not None:
            unit.emit(DOCUMENT_STORED, about, subject=id, scope=property_id)
    return Stored(kind, id, profile_id and owner, version + 1, value, property_id)


def _owner(
    unit: Unit, known: Document | None, kind: str, id: str, profile_id: str | None
) -> tuple[str, str | None]:
    """Give who owns a document, and the root that it is about now."""
    if known is not None and not may_see(known.property_id, unit.kernel.actor):
        raise NotFound(kind, id)
    if profile_id is None:
        if known is not None and known.owner != id:
            raise NotFound(kind, id)
        return id, None
    root = unit.kernel.living(unit.writer, profile_id)
    if known is None:
        if id == root.id:  # a store takes what owns itself for the chain's
            problem = Problem("/id", "taken", "must not be the id of the profile")
            raise InvalidProfile([problem])
        return root.id, root.id
    if known.owner not in root.family:
        raise NotFound(kind, id)
    return known.owner, root.id


def _terms(kernel: Kernel, kind: DocumentKind, value: Any, keys: Iterable[Key]) -> Iterator[int]:
    for sort, text in keys:
        yield kernel.terms.key(f"{kind.name}:{sort}", text)
    for other in kind.about(value) if kind.about else ():
        yield about_key(kernel, kind.name, other)


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
    with kernel.reading() as reader:
        document = reader.get(kind, id)
        found = list(_shown(kernel, reader, [document] if document else []))
    if not found:
        raise NotFound(kind, id)
    return found[0]


def listed(
    kernel: Kernel,
    kind: str,
    profile_id: str | None,
    key: Key | None,
    after: str | None,
    limit: int,
) -> list[Stored]:
    _kind(kernel, kind)
    if not 1 <= limit <= MAX_DOCUMENTS:
        problem = Problem("/limit", "out-of-range", f"must be 1 to {MAX_DOCUMENTS}")
        raise InvalidProfile([problem])
    with kernel.reading() as reader:
        if profile_id is not None:
            found = reader.owned(kernel.root(reader, profile_id).family, kind)
        elif key is not None:
            found = reader.get_many(kind, reader.find(_key_of(kernel, kind, key), limit))
        else:
            found = reader.listing(kind, after, limit)
        return list(_shown(kernel, reader, found))


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
        elif kernel.actor.property_id is not None:
            raise ScopeDenied(f"delete a {kind} of the chain")
        return unit.writer.delete(kind, id)


def drop_about(unit: Unit, family: Iterable[str]) -> None:
    """Delete what other people's documents tell of a person who is cleared."""
    kernel = unit.kernel
    for kind in kernel.kinds.values():
        if kind.about is None:
            continue
        for profile_id in family:
            for id in unit.writer.find(about_key(kernel, kind.name, profile_id), MAX_DOCUMENTS):
                unit.writer.delete(kind.name, id)


def _shown(kernel: Kernel, reader: Reader, documents: Iterable[Document]) -> Iterator[Stored]:
    """Give documents as far as the actor may see them and whom they are about."""
    roots: dict[str, Profile | None] = {}
    for document in documents:
        if not may_see(document.property_id, kernel.actor):
            continue
        kind = kernel.kinds[document.kind]
        value: Any = kernel.codec.load(kind.cls, document.body)
        profile_id = None if document.owner == document.id else document.owner
        if profile_id is not None:
            if profile_id not in roots:
                roots[profile_id] = _root(kernel, reader, document)
            root = roots[profile_id]
            value = root and released(value, document, root, kind, kernel.actor)
        if value is not None:
            yield Stored(
                document.kind, document.id, profile_id, document.version, value,
                document.property_id,
            )  # fmt: skip


def _root(kernel: Kernel, reader: Reader, document: Document) -> Profile | None:
    root = kernel.owner_of(reader, document)
    return root if may_see_profile(root, kernel.actor) else None
