"""Everything held about a person: as it is held, and as it may be given to the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from profilecore.engine.kernel import Kernel
from profilecore.engine.profiles import related_ids, relations_of
from profilecore.engine.unit import PROFILE
from profilecore.errors import ProfilecoreError
from profilecore.model.events import PROFILE_ACCESSED
from profilecore.model.fields import Other
from profilecore.model.parts import Consent
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.redacting import named, redacted
from profilecore.rules.survivorship import current_consents
from profilecore.rules.visibility import held_for, may_see, may_see_profile, seen_by
from profilecore.store.port import Reader

# The form of the answer, the same whatever store it comes from.
FORMAT = 1
_IMAGES = ("before", "after")
# What a stay tells of a companion.
_JOINED = ("property_id", "arrival", "departure", "status")
Tree = dict[str, Any]


def access(kernel: Kernel, profile_id: str) -> Tree:
    answer = _for_the_person(kernel, held(kernel, profile_id))
    with kernel.writing() as unit:
        unit.emit(PROFILE_ACCESSED, answer["ids"][0])
    return answer


def held(kernel: Kernel, profile_id: str) -> Tree:
    """Give everything held about a person as it is held, third parties included.

    It is for the engine's own use and leaves no trace in the feed; :func:`access` is what may be
    given away.  ``ids`` begins with the root's.  ``incomplete`` says which plugins failed or are
    not loaded: the answer must not look complete when it is not.

    :raises NotFound: as ``Engine.get``.
    """
    with kernel.reading() as reader:
        root = kernel.root(reader, profile_id)
        absorbed = _absorbed(kernel, reader, root)
        documents = _documents(kernel, reader, root)
        relations = relations_of(kernel, reader, root)
        joined = _joined(kernel, reader, root)
    plain = kernel.codec.plain
    seen = held_for(root, kernel.actor)  # what is restricted is held too
    incomplete = [f"plugin {name!r} is not loaded" for name in _not_loaded(kernel)]
    _add_stays(kernel, root, documents, incomplete)
    return {
        "format": FORMAT,
        "made_at": kernel.now().isoformat(),
        "ids": list(root.family),
        "incomplete": incomplete,
        "profile": plain(seen),
        "merged_profiles": [plain(profile) for profile in absorbed],
        "consents": [plain(c) for c in current_consents(seen.consents, kernel.now()).values()],
        "relationships": [plain(relation) for relation in relations],
        "documents": documents,
        "stays_with_others": joined,
        "elsewhere": _elsewhere(kernel, root, incomplete),
    }


def _not_loaded(kernel: Kernel) -> list[str]:
    return sorted({failure.plugin for failure in kernel.plugins.failures})


def _absorbed(kernel: Kernel, reader: Reader, root: Profile) -> list[Profile]:
    stored = reader.get_many(PROFILE, root.absorbed)
    profiles = [kernel.codec.load(Profile, document.body) for document in stored]
    return [seen_by(p, kernel.actor) for p in profiles if may_see_profile(p, kernel.actor)]


def _joined(kernel: Kernel, reader: Reader, root: Profile) -> list[Tree]:
    """Give where and when the person stayed as another one's companion, and nothing of that one."""
    found = reader.get_many("stay", related_ids(kernel, reader, root.family))
    plain = (msgspec.json.decode(document.body) for document in found)
    return [{name: stay.get(name) for name in _JOINED} for stay in plain]


def _documents(kernel: Kernel, reader: Reader, root: Profile) -> dict[str, list[Any]]:
    documents: dict[str, list[Any]] = {}
    for document in reader.owned(root.family):
        kind = kernel.kinds.get(document.kind)
        if may_see(document.property_id, kernel.actor) and (kind is None or kind.personal):
            tree = msgspec.json.decode(document.body)
            if document.kind == "merge" and kernel.actor.property_id is not None:
                # A journal holds the items of all properties, as they were.
                tree = {n: inner for n, inner in tree.items() if n not in (*_IMAGES, "references")}
            documents.setdefault(document.kind, []).append(tree)
    return documents


def _add_stays(
    kernel: Kernel, root: Profile, documents: dict[str, list[Any]], incomplete: list[str]
) -> None:
    for source in kernel.plugins.contributions.stays:

        def given(source: Callable[..., Iterable[Stay]] = source) -> list[Any]:
            return [kernel.codec.plain(stay) for stay in source(root.family)]

        if stays := _asked("a source of stays", given, incomplete):
            documents.setdefault("stay", []).extend(stays)


def _elsewhere(kernel: Kernel, root: Profile, incomplete: list[str]) -> Tree:
    found: Tree = {}
    for name, elsewhere in sorted(kernel.plugins.contributions.elsewhere.items()):

        def given(export: Callable[..., Any] = elsewhere.export) -> Any:
            return kernel.codec.plain(export(root.family))

        failed = len(incomplete)
        held = _asked(f"plugin {name!r}", given, incomplete)
        if incomplete[failed:]:
            found[name] = {"error": incomplete[failed]}
        elif held:
            found[name] = held
    return found


def _asked(who: str, give: Callable[[], Any], incomplete: list[str]) -> Any:
    """Give what a plugin gives, or nothing, and then say so among what is incomplete."""
    try:
        return give()
    except ProfilecoreError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a plugin raised
        incomplete.append(f"{who} failed ({type(error).__name__})")
        return None


def _for_the_person(kernel: Kernel, whole: Tree) -> Tree:
    family = frozenset(whole["ids"])
    return whole | {
        "profile": _profile(kernel, whole["profile"]),
        "merged_profiles": [_profile(kernel, tree) for tree in whole["merged_profiles"]],
        "consents": [redacted(Consent, tree) for tree in whole["consents"]],
        "relationships": [
            tree | {"profile_id": Other.PERSON.value} for tree in whole["relationships"]
        ],
        "documents": {
            kind: [_document(kernel, kind, tree, family) for tree in trees]
            for kind, trees in whole["documents"].items()
        },
    }


def _profile(kernel: Kernel, tree: Tree) -> Tree:
    shown: Tree = redacted(Profile, tree)
    facets, known = shown.get("facets"), kernel.border.facets
    if facets:
        shown["facets"] = {
            name: redacted(known[name], facet) if name in known else facet
            for name, facet in facets.items()
        }
    return shown


def _document(kernel: Kernel, kind: str, tree: Any, family: frozenset[str]) -> Any:
    declared = kernel.kinds.get(kind)
    shown = tree if declared is None else redacted(declared.cls, tree)
    return _journal(kernel, shown, family) if kind == "merge" else shown


def _journal(kernel: Kernel, tree: Tree, family: frozenset[str]) -> Tree:
    images = {name: _profile(kernel, tree[name]) for name in _IMAGES if name in tree}
    # Once a merge is undone, its losers are other people again.
    losers = [id if id in family else named(Other.PERSON, id) for id in tree["loser_ids"]]
    return tree | images | {"loser_ids": losers}
