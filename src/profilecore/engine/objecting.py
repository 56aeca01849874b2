"""Remember those who objected, so that an import does not silently bring them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import Unit
from profilecore.errors import InvalidProfile, Problem
from profilecore.model.fields import lean
from profilecore.model.profile import Profile
from profilecore.rules.changing import new_profile
from profilecore.rules.objecting import keys_of, maker
from profilecore.rules.terms import TermMaker
from profilecore.store.port import Reader, Terms

KIND = "objection"
OBJECTED = Problem("/", "objected", "belongs to a person who objected to being kept")


@lean
class _Objection:
    """Stands for a person by its keys alone; nothing links it to a tombstone."""

    month: str


def hashes(kernel: Kernel) -> TermMaker | None:
    """Give what hashes the identifiers; ``None`` where the chain has no key for it."""
    secret = kernel.settings.suppression_key
    return None if secret is None else maker(secret.reveal())


def known_by(kernel: Kernel) -> TermMaker | None:
    """Give what tells those who objected; ``None`` where nobody did, nor ever could.

    :raises InvalidProfile: if somebody did, and the settings lack the key to tell it.
    """
    by = hashes(kernel)
    if by is None:
        with kernel.reading() as reader:
            if reader.listing(KIND, None, 1):
                return _needed(kernel)
    return by


def remember(unit: Unit, family: Iterable[Profile]) -> bool:
    """Note, before a clear, that a person objected; tell whether an import can be known by it.

    :raises InvalidProfile: if the chain has no key for it.
    """
    keys = keys_of(family, _needed(unit.kernel))
    if keys:
        id = unit.kernel.new_id()
        # The month is enough to let old ones go, and too little to find the clear by.
        made = _Objection(f"{unit.kernel.now():%Y-%m}")
        unit.put(KIND, id, id, made, expect=0, terms=Terms(keys))
    return bool(keys)


def objections(reader: Reader, keys: Iterable[int]) -> set[str]:
    """Give the ids of the objections that some of the keys belong to."""
    found = reader.find_many(list(keys))
    return {id for ids in found.values() for id in ids if reader.get(KIND, id) is not None}


def objected(kernel: Kernel, given: Profile | Mapping[str, Any]) -> bool:
    by = known_by(kernel)
    if by is None:
        return False
    with kernel.reading() as reader:
        return bool(objections(reader, _keys(kernel, given, by)))


def lift(kernel: Kernel, given: Profile | Mapping[str, Any]) -> int:
    with kernel.writing() as unit:
        found = objections(unit.writer, _keys(kernel, given, _needed(kernel)))
        for id in found:
            unit.writer.delete(KIND, id)
    return len(found)


def _keys(kernel: Kernel, given: Profile | Mapping[str, Any], by: TermMaker) -> tuple[int, ...]:
    if isinstance(given, Mapping):
        given = {"last_name": "?"} | dict(given)  # whoever asks may know a number alone
    return keys_of([new_profile(given, "", kernel.occasion(), kernel.border)], by)


def _needed(kernel: Kernel) -> TermMaker:
    by = hashes(kernel)
    if by is None:
        text = "needs suppression_key in the settings of the chain"
        raise InvalidProfile([Problem("/objected", "not-configured", text)])
    return by
