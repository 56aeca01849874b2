"""Plan, apply and undo merges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from profilecore.engine.kernel import Kernel
from profilecore.engine.profiles import MAX_BODY, Once, path
from profilecore.engine.unit import Unit
from profilecore.errors import (
    Blocker,
    InvalidProfile,
    MergeBlocked,
    PluginError,
    Problem,
    StalePlan,
    UnmergeBlocked,
)
from profilecore.hooks import ReferenceProvider
from profilecore.model.documents import Document, Merge
from profilecore.model.enums import State
from profilecore.model.events import MERGE_UNDONE, PROFILES_MERGED
from profilecore.model.fields import evolve
from profilecore.model.parts import Provenance
from profilecore.model.profile import Profile
from profilecore.rules import merging as rules
from profilecore.rules.clashes import Valued, find_clashes
from profilecore.rules.merging import MergePlan
from profilecore.rules.unmerging import (
    LIMITS,
    Undone,
    differing,
    imposed,
    limited,
    said_since,
    take_out,
)
from profilecore.rules.visibility import CHAIN, seen_by, unrestricted
from profilecore.store.port import Reader
from profilecore.values import frozen

_NEVER = ("merge-with-itself", "cycle")
_NAMES = frozenset({"first_name", "middle_name", "last_name", "second_last_name"})


@frozen
class Unmerged:
    """What an unmerge did.

    ``exact`` tells that everything is as before the merge; otherwise ``kept`` names the fields
    of the survivor that were edited since and stay.
    """

    merge_id: str
    survivor: Profile
    restored: tuple[Profile, ...]
    exact: bool
    kept: tuple[str, ...] = ()


def plan(
    kernel: Kernel, survivor_id: str, other_ids: Sequence[str], choices: Mapping[str, str]
) -> MergePlan:
    with kernel.reading() as reader:
        return _plan(kernel, reader, survivor_id, other_ids, choices).seen_by(kernel.actor)


def _plan(
    kernel: Kernel,
    reader: Reader,
    survivor_id: str,
    other_ids: Sequence[str],
    choices: Mapping[str, str],
) -> MergePlan:
    if not other_ids:
        raise InvalidProfile([Problem("/other_ids", "missing", "needs at least one profile")])
    # Who was cleared cannot be merged, and what is kept of them is not for this.
    survivor = unrestricted(kernel.root(reader, survivor_id))
    losers: dict[str, Profile] = {}
    blockers: list[Blocker] = []
    for id in other_ids:
        root = unrestricted(kernel.root(reader, id))
        if root.id != survivor.id:
            losers[root.id] = root
        elif id == survivor_id:
            blockers.append(Blocker("merge-with-itself", "A profile cannot be merged with itself."))
        elif id == survivor.id:
            blockers.append(Blocker("cycle", f"Profile {survivor_id} was merged into {id}."))
    if not losers and not blockers:
        done = _merge_of(kernel, reader, survivor, survivor_id, other_ids)
        if done is not None:
            # As that merge was asked for, so that a repeat under its key is the same request.
            asked = (done.survivor_id, done.loser_ids, "", done.choices)
            return MergePlan(*asked, already=done.id)
        return MergePlan(
            survivor.id, tuple(other_ids), "", blockers=tuple(rules.blockers_of(survivor, ()))
        )
    people = (survivor, *losers.values())
    owned = reader.owned([id for p in people for id in p.family])
    made = rules.plan_merge(
        survivor,
        list(losers.values()),
        choices,
        owned,
        _rules(kernel),
        kernel.now(),
        kernel.actor,
    )
    gone = [id for p in losers.values() for id in p.family]
    references = _each_reference(kernel, "count", lambda provider: provider.count(gone))
    clashes, refused = find_clashes(
        _valued(kernel, owned), [p.family for p in people], kernel.actor
    )
    made = evolve(
        made,
        references=references,
        clashes=tuple(clashes),
        blockers=(*dict.fromkeys((*blockers, *made.blockers, *refused)),),
    )
    return evolve(made, blockers=(*made.blockers, *kernel.plugins.check_merge(made)))


def _rules(kernel: Kernel) -> rules.MergeRules:
    trusted = kernel.settings.trusted_sources
    return rules.MergeRules(kernel.survivorship, kernel.border.facets, trusted)


def _valued(kernel: Kernel, owned: Sequence[Document]) -> Iterator[Valued]:
    """Read the documents of the kinds that know clashes."""
    for document in owned:
        kind = kernel.kinds.get(document.kind)
        if kind is not None and kind.clash is not None:
            yield Valued(kind, document, kernel.codec.load(kind.cls, document.body))


def _merge_of(
    kernel: Kernel, reader: Reader, root: Profile, survivor_id: str, other_ids: Sequence[str]
) -> Merge | None:
    """Find the newest merge that made one person of a survivor and others."""
    line = path(kernel, survivor_id)
    steps = set()
    for id in other_ids:
        other = path(kernel, id)
        common = next(step for step in other if step in line)
        way = other if other[0] != common else line
        steps.add((way[way.index(common) - 1], common))
    for document in reversed(reader.owned(root.family, "merge")):
        merge = kernel.codec.load(Merge, document.body)
        if merge.undone is None and any((id, merge.survivor_id) in steps for id in merge.loser_ids):
            return merge
    return None


def apply(kernel: Kernel, given: MergePlan, key: str | None) -> Merge:
    if any(blocker.code in _NEVER for blocker in given.blockers):
        # The ids that make no sense together are not among those that would be merged.
        raise MergeBlocked(given.blockers)
    with kernel.writing() as unit:
        once = Once(unit, "merge", key, lambda: [given.survivor_id, given.loser_ids, given.choices])
        if once.result_id is not None:
            _, journal = kernel.stored(unit.writer, "merge", once.result_id, Merge)
            return _shown(journal)
        made = _plan(kernel, unit.writer, given.survivor_id, given.loser_ids, given.choices)
        if made.blockers:
            raise MergeBlocked(made.blockers)
        if made.already is not None:
            _, journal = kernel.stored(unit.writer, "merge", made.already, Merge)
            return _shown(journal)
        if made.fingerprint != given.fingerprint or made.result is None:
            raise StalePlan("merge")
        journal = _merge(unit, made, made.result)
        once.remember(journal.id, made.survivor_id)
    return _shown(journal)


def _shown(journal: Merge) -> Merge:
    """Leave out the values: a journal is for the engine, its entry for everybody."""
    return evolve(journal, before={}, after={}, references={})


def _merge(unit: Unit, made: MergePlan, result: Profile) -> Merge:
    kernel = unit.kernel
    if len(kernel.codec.dump(result)) > MAX_BODY:
        raise InvalidProfile([Problem("/", "too-large", "must not take more than 1 MiB")])
    survivor = kernel.load(unit.writer, made.survivor_id)
    gone = [id for id in result.absorbed if id not in survivor.absorbed]
    fields = differing(survivor, result, [plan.field for plan in made.fields])
    changed = ("absorbed", *fields)
    merge = Merge(
        id=kernel.new_id(),
        survivor_id=survivor.id,
        loser_ids=made.loser_ids,
        survivor_version=result.version,
        fields=changed,
        before=_image(kernel, survivor, changed),
        after=_image(kernel, result, changed),
        stamp=kernel.occasion().stamp,
        references=_repoint(unit, gone, survivor.id),
        choices=dict(made.choices),
    )
    unit.put_profile(result, expect=survivor.version)
    for id in made.loser_ids:
        loser = kernel.load(unit.writer, id)
        merged = evolve(
            loser,
            state=State.MERGED,
            merged_into=survivor.id,
            version=loser.version + 1,
            updated_at=result.updated_at,
        )
        unit.put_profile(merged, expect=loser.version)
    unit.put("merge", merge.id, survivor.id, merge, expect=0)
    unit.emit(
        PROFILES_MERGED, survivor.id, fields=changed, subject=merge.id, related=made.loser_ids
    )
    return merge


def _image(kernel: Kernel, profile: Profile, changed: Sequence[str]) -> Any:
    """Give what an undo has to know of a profile, as plain JSON: what changed, and the limits."""
    return kernel.codec.plain(_only(profile, dict.fromkeys((*changed, *LIMITS))))


def _only(profile: Profile, fields: Iterable[str]) -> Profile:
    """Give a profile that holds the given fields and their provenance alone."""
    fields = tuple(fields)
    values = {name: getattr(profile, name) for name in fields}
    own = profile.provenance.fields
    provenance = Provenance(None, {name: own[name] for name in fields if name in own})
    return Profile(provenance=provenance, **values)


def _repoint(unit: Unit, gone: Sequence[str], survivor_id: str) -> dict[str, Any]:
    """Re-point every provider's references; undone with the transaction, should that fail."""
    tokens: dict[str, Any] = {}

    def ask(provider: ReferenceProvider) -> None:
        token = tokens[provider.name] = provider.repoint(gone, survivor_id)
        unit.done_outside(lambda: provider.undo(token))

    _each_reference(unit.kernel, "repoint", ask)
    return tokens


def _each_reference(
    kernel: Kernel, step: str, ask: Callable[[ReferenceProvider], Any]
) -> dict[str, Any]:
    """Ask every reference provider; one that fails is named, and aborts."""
    answers: dict[str, Any] = {}
    for name, provider in sorted(kernel.plugins.contributions.references.items()):
        try:
            answers[name] = ask(provider)
        except Exception as error:
            raise PluginError(name, step, type(error).__name__) from error
    return answers


def unmerge(kernel: Kernel, merge_id: str) -> Unmerged:
    with kernel.writing() as unit:
        document, merge = kernel.stored(unit.writer, "merge", merge_id, Merge)
        survivor = kernel.load(unit.writer, merge.survivor_id)
        losers = tuple(kernel.load(unit.writer, id) for id in merge.loser_ids)
        if merge.undone is not None:
            shown = tuple(seen_by(p, kernel.actor) for p in losers)
            return Unmerged(merge.id, seen_by(survivor, kernel.actor), shown, exact=False)
        _refuse_unmerge(merge, survivor)
        unit.forget([survivor.id])
        exact = survivor.version == merge.survivor_version
        later = _later(unit, merge)
        out, journals = _take_out(unit, merge, survivor, later)
        restored = evolve(out.profile, version=survivor.version + 1, updated_at=kernel.now())
        unit.put_profile(restored, expect=survivor.version)
        limits = _said_since(unit, merge, survivor, later)
        back = tuple(_give_back(unit, limited(loser, limits)) for loser in losers)
        pairs = zip(back, losers, strict=True)
        exact = exact and all(now.relationships == then.relationships for now, then in pairs)
        for stored, journal in journals:
            unit.put("merge", journal.id, stored.owner, journal, expect=stored.version)
        if exact:
            _count_on(unit, merge, restored.version)
        _undo_references(kernel, merge)
        bare = evolve(merge, before={}, after={}, references={}, choices={})
        undone = evolve(bare, undone=kernel.occasion().stamp)
        unit.put("merge", merge.id, document.owner, undone, expect=document.version)
        unit.emit(
            MERGE_UNDONE,
            survivor.id,
            fields=merge.fields,
            subject=merge.id,
            related=merge.loser_ids,
        )
    shown = tuple(seen_by(p, kernel.actor) for p in back)
    return Unmerged(merge.id, seen_by(restored, kernel.actor), shown, exact, out.kept)


def _refuse_unmerge(merge: Merge, survivor: Profile) -> None:
    if survivor.state.is_cleared:
        raise UnmergeBlocked([Blocker("cleared", "The person was cleared since.")])
    if survivor.merged_into is not None:
        message = f"{survivor.id} was merged into {survivor.merged_into} since; undo that first."
        raise UnmergeBlocked([Blocker("merged-since", message)])


Journals = list[tuple[Document, Merge]]


def _take_out(
    unit: Unit, merge: Merge, survivor: Profile, later: Journals
) -> tuple[Undone, Journals]:
    """Give the survivor without a merge, and the journals of later ones as if it had never been.

    Step by step ``old`` is what was and ``new`` what would have been: the later merges are made
    anew on it, so that what their people say as well stays.
    """
    kernel, names = unit.kernel, merge.fields
    left = survivor
    for _, journal in reversed(later):
        left = imposed(left, _images(kernel, journal)[0], journal.fields)
    before, after = _images(kernel, merge)
    old, new = imposed(left, after, names), imposed(left, before, names)
    journals: Journals = []
    for document, journal in later:
        before, after = _images(kernel, journal)
        was = imposed(old, before, journal.fields)
        start = take_out(was, new, old, names).profile
        old = imposed(was, after, journal.fields)
        others = differing(was, start, names)
        if not _NAMES.isdisjoint(others):
            others = tuple({*others, "alternate_names"})
        losers = [kernel.load(unit.writer, id) for id in journal.loser_ids]
        by, at = _rules(kernel), kernel.now()
        again = rules.plan_merge(start, losers, journal.choices, (), by, at).result
        assert again is not None
        new = imposed(old, again, others)
        touched = tuple(dict.fromkeys((*journal.fields, *others)))
        fields = differing(start, new, touched)
        rest = [name for name in LIMITS if name not in fields]
        sides = (imposed(start, before, rest), imposed(new, after, rest))
        images = (_image(kernel, side, fields) for side in sides)
        journals.append(
            (document, evolve(journal, fields=fields, before=next(images), after=next(images)))
        )
        names = differing(old, new, dict.fromkeys((*names, *others)))
    return take_out(survivor, new, old, names), journals


def _images(kernel: Kernel, merge: Merge) -> tuple[Profile, Profile]:
    value = kernel.codec.value
    return value(Profile, merge.before), value(Profile, merge.after)


def _said_since(
    unit: Unit, merge: Merge, survivor: Profile, later: Journals
) -> Mapping[str, tuple[Any, ...]]:
    """Give the denials and restrictions that were told of the merged people: they are for all."""
    ids = [id for _, journal in later for id in journal.loser_ids]
    others = [unit.kernel.load(unit.writer, id) for id in ids]
    return said_since(survivor, _images(unit.kernel, merge)[1], others)


def _give_back(unit: Unit, loser: Profile) -> Profile:
    edges = tuple(e for e in loser.relationships if not _is_cleared(unit, e.profile_id))
    back = evolve(
        loser,
        relationships=edges,
        state=State.ACTIVE,
        merged_into=None,
        version=loser.version + 1,
        updated_at=unit.kernel.now(),
    )
    unit.put_profile(back, expect=loser.version)
    return back


def _is_cleared(unit: Unit, id: str) -> bool:
    with unit.kernel.acting(CHAIN):
        return unit.kernel.root(unit.writer, id).state.is_cleared


def _count_on(unit: Unit, merge: Merge, version: int) -> None:
    """Count the versions of earlier merges from where a survivor now is as they left it, so that
    undoing those is exact too."""
    further = version - (merge.survivor_version - 1)
    for document in unit.writer.owned([merge.survivor_id], "merge"):
        earlier = unit.kernel.codec.load(Merge, document.body)
        if earlier.undone is None and earlier.survivor_version < merge.survivor_version:
            moved = evolve(earlier, survivor_version=earlier.survivor_version + further)
            unit.put("merge", earlier.id, document.owner, moved, expect=document.version)


def _later(unit: Unit, merge: Merge) -> Journals:
    """Give the merges into the same survivor that came later and still stand, oldest first."""
    documents = unit.writer.owned([merge.survivor_id], "merge")
    read = [(d, unit.kernel.codec.load(Merge, d.body)) for d in documents]
    return [
        (document, other)
        for document, other in read
        if other.undone is None and other.survivor_version > merge.survivor_version
    ]


def _undo_references(kernel: Kernel, merge: Merge) -> None:
    providers = kernel.plugins.contributions.references
    for name, token in merge.references.items():
        if name not in providers:
            raise PluginError(name, "undo", "is not loaded, and must undo its part of the merge")
        try:
            providers[name].undo(token)
        except Exception as error:
            raise PluginError(name, "undo", type(error).__name__) from error


def merges(kernel: Kernel, id: str) -> list[Merge]:
    with kernel.reading() as reader:
        profile = kernel.root(reader, id)
        return [_shown(m) for m in kernel.owned(reader, profile, "merge", Merge)]
