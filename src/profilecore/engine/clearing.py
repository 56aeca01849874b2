"""Plan and apply clears, and leave their receipts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from profilecore.engine.agenda import midnight_after, schedule
from profilecore.engine.documents import drop_about
from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import Person, all_stays, holding, person, record_of
from profilecore.engine.profiles import related_ids, related_to, stay_terms
from profilecore.engine.scrubbing import as_it_stands, scrub_after
from profilecore.engine.unit import Unit
from profilecore.errors import Blocker, ClearBlocked, NotFound, PluginError, StalePlan
from profilecore.model.documents import (
    Document,
    Held,
    OnClear,
    Receipt,
    ReceiptStatus,
)
from profilecore.model.enums import State
from profilecore.model.events import (
    PROFILE_CLEARED,
    PROFILE_RESTRICTED,
    PROFILE_UPDATED,
    STAY_RECORDED,
)
from profilecore.model.fields import build, cleared, evolve, lean
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.clearing import (
    ClearPlan,
    Keeps,
    blockers_for,
    erased_fields,
    hold_blockers,
    plan_clear,
    stay_blockers,
)
from profilecore.rules.holding import still_held
from profilecore.rules.retention import Record
from profilecore.rules.visibility import may_see, seen_by
from profilecore.store.port import NO_TERMS, Reader, Terms

REFUSAL = "refusal"


@lean
class Refusal:
    """Stands, by its keys alone, for external ids that an import must not bring back."""


def plan(kernel: Kernel, id: str) -> ClearPlan:
    with kernel.reading() as reader:
        one = person(kernel, reader, id)
        made = work_out(kernel, one)
    actor = kernel.actor
    if actor.property_id is None:
        return made
    held = tuple(h for h in made.held if may_see(h.property_id, actor))
    owned = zip(one.documents, made.documents, strict=True)
    return evolve(
        made,
        fields=erased_fields([seen_by(p, actor) for p in one.family], Keeps(held)),
        documents=tuple(fate for d, fate in owned if may_see(d.property_id, actor)),
        blockers=blockers_for(made.blockers, actor),
        held=held,
    )


def work_out(
    kernel: Kernel,
    one: Person,
    at: datetime | None = None,
    record: Record | None = None,
) -> ClearPlan:
    """Work out the clear of a person at a time, for an actor who sees everything.

    ``record`` is what the rules ask about the person, where the caller has it already.
    """
    root = one.root
    held: list[Held] = []
    expired: set[tuple[str, str | None]] = set()
    blockers: list[Blocker] = []
    today = kernel.today(at or kernel.now())
    if root.state is State.RESTRICTED:
        places = tuple(kernel.retention.places)
        held = still_held(root.held, one.holds, kernel.retention.off, today, places)
        expired = kernel.retention.to_delete(root.held) - {(h.kind, h.id) for h in held}
    elif root.state is not State.CLEARED:
        record = record or record_of(kernel, one, all_stays(kernel, one))
        held = kernel.retention.held(record, today) + holding(one)
        expired = kernel.retention.over(record, held)
        expired |= {(d.kind, d.id) for d, _ in kernel.retention.expired(record, today)}
        expired -= {(h.kind, h.id) for h in held}
        blockers = hold_blockers(one.holds) + stay_blockers(record.stays, today)
    made = plan_clear(one.family, one.documents, kernel.kinds, blockers, held, expired)
    if root.state is State.CLEARED:
        return made
    more = kernel.plugins.check_clear(made)
    return evolve(made, blockers=(*made.blockers, *more)) if more else made


def clear(kernel: Kernel, what: ClearPlan | str, reason: str | None, objected: bool) -> Receipt:
    id = what if isinstance(what, str) else what.profile_id
    with kernel.writing() as unit, unit.batch():
        one = person(kernel, unit.writer, id)
        root = one.root
        made = work_out(kernel, one)
        objects = objected and _may_object(kernel, unit.writer, root)
        if is_done(root, made) and not objects:
            receipt = receipt_of(kernel, unit.writer, root)
        else:
            if made.blockers:
                raise ClearBlocked(blockers_for(made.blockers, kernel.actor))
            if not isinstance(what, str) and made.fingerprint != what.fingerprint:
                raise StalePlan("clear")
            receipt = carry_out(unit, one, made, reason, objected=objected)
            look_again(unit, made)
        if receipt.status is ReceiptStatus.PENDING:
            scrub_after(unit)
    if kernel.in_unit or receipt.status is ReceiptStatus.ERASED:
        return _shown(kernel, receipt)
    with kernel.reading() as reader:
        return _shown(kernel, as_it_stands(kernel, reader, receipt))


def is_done(root: Profile, made: ClearPlan) -> bool:
    """Tell whether a clear has nothing left to do."""
    return root.state is State.CLEARED or (
        root.state is State.RESTRICTED and made.held == root.held
    )


def _may_object(kernel: Kernel, reader: Reader, root: Profile) -> bool:
    """Tell whether a person of whom something is kept has not objected in an earlier clear."""
    return root.state is State.RESTRICTED and not any(
        kernel.codec.load(Receipt, document.body).objected
        for document in reader.owned(root.family, "receipt")
    )


def finish(unit: Unit, id: str) -> Receipt | None:
    """Go on with the clear of somebody of whom something was kept, if less may be kept now.

    Nothing is done while anything blocks it: then the next :func:`clear_due` tries again.
    """
    one = person(unit.kernel, unit.writer, id)
    if one.root.state is not State.RESTRICTED:
        return None
    made = work_out(unit.kernel, one)
    if is_done(one.root, made):
        return None
    if made.blockers:
        schedule(unit, unit.kernel.now() + timedelta(days=1), [id])
        return None
    receipt = carry_out(unit, one, made, None)
    look_again(unit, made)
    scrub_after(unit)
    return receipt


def _shown(kernel: Kernel, receipt: Receipt) -> Receipt:
    """Give a receipt as the actor may see it."""
    if kernel.actor.property_id is None:
        return receipt
    held = tuple(h for h in receipt.held if may_see(h.property_id, kernel.actor))
    return evolve(receipt, held=held, erased={}, kept={})  # which count all properties' documents


def receipt_of(kernel: Kernel, reader: Reader, root: Profile) -> Receipt:
    """Give the newest receipt of a cleared person."""
    for document in reversed(reader.owned(root.family, "receipt")):
        return as_it_stands(kernel, reader, kernel.codec.load(Receipt, document.body))
    raise NotFound("receipt", root.id)


def receipt(kernel: Kernel, id: str) -> Receipt:
    with kernel.reading() as reader:
        return _shown(kernel, receipt_of(kernel, reader, kernel.root(reader, id)))


def carry_out(
    unit: Unit,
    one: Person,
    made: ClearPlan,
    reason: str | None,
    **facts: Any,
) -> Receipt:
    """Do what a plan says, whatever blocks it; ``facts`` are more fields of the receipt."""
    kernel = unit.kernel
    root = one.root
    first = not root.state.is_cleared
    if facts.get("objected"):
        from profilecore.engine.objecting import remember

        facts["objected"] = remember(unit, one.family)
    keeps = Keeps(made.held)
    unit.forget(made.family)
    before = None if first else receipt_of(kernel, unit.writer, root)
    if first and made.held and kernel.settings.reimport == "refuse":
        # The tombstone has these keys from the start; a restricted profile would lose them later.
        refused = Terms(keys=tuple(_external_keys(kernel, root)))
        unit.put(REFUSAL, root.id, root.id, Refusal(), expect=0, terms=refused)
    elsewhere = _erase_elsewhere(unit, made.family) if first else {}
    for profile in one.family:
        if profile is root or not profile.state.is_cleared:
            _leave_tombstone(unit, profile, keeps if profile is root else Keeps(()), made.held)
    erased, kept = _profiles_of(one, made)
    read = {("stay", stay.id): stay for stay in one.stays}
    for document, fate in zip(one.documents, made.documents, strict=True):
        counts = erased if fate.on_clear is OnClear.ERASE else kept
        counts[document.kind] = counts.get(document.kind, 0) + 1
        _clear_document(
            unit, document, fate.on_clear, keeps, read.get((document.kind, document.id))
        )
    if first:
        if one.is_named:
            _drop_edges(unit, made.family)
        if one.is_told_of:
            drop_about(unit, made.family)
    # A law that keeps somebody for a stay in company keeps the company too, until its time is over.
    if one.joined and not any(h.id is None and h.hold_id is None for h in made.held):
        unit.flush()
        _leave_stays(unit, made.family)
    erased |= elsewhere
    receipt = leave_receipt(
        unit,
        made.profile_id,
        reason=before.reason if before is not None and reason is None else reason,
        cleared_ids=made.family,
        erased=erased,
        kept=kept,
        held=made.held,
        follows=None if before is None else before.id,
        **facts,
    )
    unit.emit(
        PROFILE_RESTRICTED if made.held else PROFILE_CLEARED,
        made.profile_id,
        fields=made.fields,
        subject=receipt.id,
        related=made.family[1:],
    )
    return receipt


def _erase_elsewhere(unit: Unit, family: Sequence[str]) -> dict[str, int]:
    """Have what is kept outside the store erased, while the store still has the person."""
    erased: dict[str, int] = {}
    providers = unit.kernel.plugins.contributions.elsewhere
    if providers:
        unit.begin()
        unit.flush()
    for name, elsewhere in sorted(providers.items()):
        try:
            number = elsewhere.erase(family)
        except Exception as error:
            raise PluginError(name, "erase", type(error).__name__) from error
        if number:
            erased[name] = number
    return erased


def _profiles_of(one: Person, made: ClearPlan) -> tuple[dict[str, int], dict[str, int]]:
    """Count the profiles that a clear erases, and those that it keeps in part."""
    first = not one.root.state.is_cleared
    was_there = first or any(held.id is None for held in one.root.held)
    is_kept = any(held.id is None for held in made.held)
    gone = (len(one.family) - 1 if first else 0) + (was_there and not is_kept)
    return ({"profile": gone} if gone else {}), ({"profile": 1} if is_kept else {})


def leave_receipt(unit: Unit, profile_id: str, *, id: str | None = None, **facts: Any) -> Receipt:
    """Leave the newest receipt of the chain, pending until the store is scrubbed."""
    kernel = unit.kernel
    values = {
        "id": id or kernel.new_id(), "profile_id": profile_id, "status": ReceiptStatus.PENDING,
        "cleared_at": kernel.now(), "actor": kernel.actor.id,
        "property_id": kernel.actor.property_id, **facts,
    }  # fmt: skip
    receipt = build(Receipt, values)
    unit.leave(receipt)
    return receipt


def next_end(kernel: Kernel, held: Iterable[Held]) -> datetime | None:
    """Give when the first of the things that are still kept may go; ``None`` if none has a date."""
    times = [
        midnight_after(each.until, kernel.zone(each.property_id))
        for each in held
        if each.until is not None
    ]
    return min(times, default=None)


def next_look(kernel: Kernel, made: ClearPlan) -> datetime | None:
    """Give when to look next at a person whom this plan clears; ``None`` for never.

    What no clear erases may still have a longest time, which is looked up then.
    """
    left = {fate.kind for fate in made.documents if fate.on_clear is not OnClear.ERASE}
    return (
        next_end(kernel, made.held) if left.isdisjoint(kernel.retention.limited) else kernel.now()
    )


def look_again(unit: Unit, made: ClearPlan) -> None:
    """Have the person looked at when the next of what is still kept may go."""
    at = next_look(unit.kernel, made)
    if at is not None:
        schedule(unit, at, [made.profile_id])


def _leave_tombstone(unit: Unit, profile: Profile, keeps: Keeps, held: tuple[Held, ...]) -> None:
    kernel, now = unit.kernel, unit.kernel.now()
    is_root = profile.merged_into is None
    tombstone = cleared(
        profile,
        keeps.profile,
        state=State.RESTRICTED if is_root and held else State.CLEARED,
        held=held if is_root else (),
        version=profile.version + 1,
        updated_at=now,
        cleared_at=profile.cleared_at or now,
    )
    terms = kernel.terms.of(tombstone)
    if kernel.settings.reimport == "refuse" and not tombstone.held:
        terms = terms._replace(keys=(*terms.keys, *_external_keys(kernel, profile)))
    unit.put_profile(tombstone, expect=profile.version, terms=terms)


def _external_keys(kernel: Kernel, profile: Profile) -> Iterator[int]:
    """Give keyed hashes, so that the same external id is recognised when it comes again."""
    for external in profile.external_ids:
        yield kernel.terms.external(external.system, external.value)


def _clear_document(
    unit: Unit, document: Document, fate: OnClear, keeps: Keeps, value: Any
) -> None:
    """Do with a document what the plan says; ``value`` is its own, where it was read already."""
    kernel = unit.kernel
    if fate is OnClear.ERASE:
        unit.delete(document.kind, document.id)
    elif fate is OnClear.FIELDS:
        if value is None:
            value = kernel.codec.load(kernel.kinds[document.kind].cls, document.body)
        left = keeps.left_of(document, value)
        # Whom else it names may be cleared later, and has to be found then.
        named = stay_terms(kernel, left) if isinstance(left, Stay) else NO_TERMS
        unit.put(
            document.kind,
            document.id,
            document.owner,
            left,
            expect=document.version,
            property_id=document.property_id,
            terms=named,
        )


def _drop_edges(unit: Unit, family: Sequence[str]) -> None:
    """Take the cleared person out of other people's relationships."""
    kernel = unit.kernel
    unit.flush()
    for other in related_to(kernel, unit.writer, family):
        edges = tuple(e for e in other.relationships if e.profile_id not in family)
        changed = evolve(
            other, relationships=edges, version=other.version + 1, updated_at=kernel.now()
        )
        unit.put_profile(changed, expect=other.version)
        unit.emit(PROFILE_UPDATED, other.id, fields=("relationships",))


def _leave_stays(unit: Unit, family: Sequence[str]) -> None:
    """Take the cleared person out of the company in other people's stays; its size stays."""
    kernel = unit.kernel
    for document in unit.writer.get_many("stay", related_ids(kernel, unit.writer, family)):
        stay = kernel.codec.load(Stay, document.body)
        left = tuple(id for id in stay.companions if id not in family)
        changed = evolve(stay, companions=left, version=stay.version + 1)
        unit.put(
            "stay", stay.id, document.owner, changed, expect=document.version,
            terms=stay_terms(kernel, changed),
        )  # fmt: skip
        owner = kernel.owner_of(unit.writer, document)
        unit.emit(STAY_RECORDED, owner.id, subject=stay.id)
