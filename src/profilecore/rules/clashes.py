"""Clashes: documents of which one person should have one, and what a merge makes of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from profilecore.errors import Blocker, PluginError
from profilecore.model.documents import Document, DocumentKind
from profilecore.rules.clearing import ELSEWHERE
from profilecore.rules.visibility import Actor, may_see
from profilecore.values import frozen


@frozen
class Clash:
    """Documents of one kind that clash once their owners are one person.

    ``ids`` are theirs, the survivor's first.  ``combined`` tells that they are read as one from
    then on, each kept as it is; if they are not, the merge is blocked.
    """

    kind: str
    ids: tuple[str, ...]
    combined: bool


@frozen
class Valued:
    """A document of a kind that knows clashes, with its value."""

    kind: DocumentKind
    document: Document
    value: Any


def find_clashes(
    documents: Iterable[Valued], people: Sequence[Sequence[str]], actor: Actor
) -> tuple[list[Clash], list[Blocker]]:
    """Give the clashes that a merge of people brings about, and a blocker for each refused one.

    ``people`` are the families of ids, the survivor's first.  What clashed within one of them
    before is no news.  The actor is shown the ids of what the actor may see.

    :raises PluginError: if a kind fails to answer.
    """
    place = {id: number for number, family in enumerate(people) for id in family}
    found: list[Clash] = []
    blockers: list[Blocker] = []
    for alike in _alike(documents, place):
        kind = alike[0].kind
        combined = _is_combined(kind, [each.value for each in alike])
        seen = [v.document.id for v in alike if may_see(v.document.property_id, actor)]
        if seen:
            found.append(Clash(kind.name, tuple(seen), combined))
        if not combined:
            message = f"The profiles each have a {kind.name}, and these cannot become one."
            is_known = len(seen) == len(alike)
            blockers.append(Blocker("clash", message) if is_known else ELSEWHERE)
    return found, blockers


def _alike(documents: Iterable[Valued], place: Mapping[str, int]) -> Iterable[list[Valued]]:
    """Yield the documents that clash and belong to different people, in the order of people."""
    groups: dict[tuple[str, Hashable], list[Valued]] = {}
    for each in sorted(documents, key=lambda each: place[each.document.owner]):
        key = _clash_of(each)
        if key is not None:
            groups.setdefault((each.kind.name, key), []).append(each)
    for group in groups.values():
        if len({place[each.document.owner] for each in group}) > 1:
            yield group


def _clash_of(each: Valued) -> Hashable | None:
    try:
        return each.kind.clash(each.value) if each.kind.clash else None
    except Exception as error:
        raise PluginError(each.kind.name, "clash", type(error).__name__) from error


def _is_combined(kind: DocumentKind, values: Sequence[Any]) -> bool:
    if kind.combine is None:
        return False
    try:
        kind.combine(values)
    except ValueError:
        return False
    except Exception as error:
        raise PluginError(kind.name, "combine", type(error).__name__) from error
    return True
