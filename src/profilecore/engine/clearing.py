"""Plan and apply clears, scrub, and keep the receipts honest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from profilecore.engine.ends import RECEIPTS
from profilecore.engine.kernel import PROFILE, Kernel, Unit
from profilecore.engine.profiles import related_to
from profilecore.errors import ClearBlocked, NotFound, PluginError, StalePlan
from profilecore.model.documents import Chain, Document, Hold, OnClear, Receipt, ReceiptStatus
from profilecore.model.enums import State
from profilecore.model.events import PROFILE_CLEARED, PROFILE_ERASED, PROFILE_UPDATED
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.rules.chain import linked
from profilecore.rules.clearing import (
    ClearPlan,
    blockers_for,
    cleared,
    hold_blockers,
    plan_clear,
)
from profilecore.rules.visibility import may_see, seen_by
from profilecore.store.port import Reader, Terms


def plan(kernel: Kernel, id: str) -> ClearPlan:
    with kernel.reading() as reader:
        family = _family(kernel, reader, id)
        made = _plan(kernel, reader, family)
        if kernel.actor.property_id is None:
            return made
        seen = [d for d in reader.owned(made.family) if may_see(d.property_id, kernel.actor)]
    shown = plan_clear([seen_by(p, kernel.actor) for p in family], seen, kernel.kinds, ())
    return evolve(
        made,
        fields=shown.fields,
        documents=shown.documents,
        blockers=blockers_for(made.blockers, kernel.actor),
    )


def _family(kernel: Kernel, reader: Reader, id: str) -> list[Profile]:
    """Give the root of an id and every profile that was merged into it."""
    root = kernel.root(reader, id)
    documents = reader.get_many(PROFILE, root.absorbed)
    return [root, *(kernel.codec.load(Profile, d.body) for d in documents)]


def _plan(kernel: Kernel, reader: Reader, family: Sequence[Profile]) -> ClearPlan:
    documents = reader.owned([p.id for p in family])
    holds = [kernel.codec.load(Hold, d.body) for d in documents if d.kind == "hold"]
    made = plan_clear(family, documents, kernel.kinds, hold_blockers(holds))
    if family[0].state is State.CLEARED:
        return made
    return evolve(made, blockers=(*made.blockers, *kernel.plugins.check_clear(made)))


def clear(kernel: Kernel, what: ClearPlan | str, reason: str | None) -> Receipt:
    id = what if isinstance(what, str) else what.profile_id
    with kernel.writing() as unit:
        family = _family(kernel, unit.writer, id)
        root = family[0]
        if root.state is State.CLEARED:
            receipt = receipt_of(kernel, unit.writer, root)
        else:
            made = _plan(kernel, unit.writer, family)
            if made.blockers:
                raise ClearBlocked(blockers_for(made.blockers, kernel.actor))
            if not isinstance(what, str) and made.fingerprint != what.fingerprint:
                raise StalePlan("clear")
            receipt = _clear(unit, made, family, reason)
        if receipt.status is ReceiptStatus.PENDING and kernel.settings.scrub == "at-once":
            unit.after.append(lambda: scrub(kernel))
    if kernel.in_unit or receipt.status is ReceiptStatus.ERASED:
        return receipt
    with kernel.reading() as reader:
        return receipt_of(kernel, reader, root)


def receipt_of(kernel: Kernel, reader: Reader, root: Profile) -> Receipt:
    """Give the receipt of a cleared person."""
    for document in reader.owned(root.family, "receipt"):
        return kernel.codec.load(Receipt, document.body)
    raise NotFound("receipt", root.id)


def receipt(kernel: Kernel, id: str) -> Receipt:
    with kernel.reading() as reader:
        return receipt_of(kernel, reader, kernel.root(reader, id))


def _clear(unit: Unit, made: ClearPlan, family: Sequence[Profile], reason: str | None) -> Receipt:
    kernel = unit.kernel
    now = kernel.now()
    for profile in family:
        _leave_tombstone(unit, profile)
    erased: dict[str, int] = {}
    kept: dict[str, int] = {}
    for document in unit.writer.owned(made.family):
        _clear_document(unit, document, erased, kept)
    _drop_edges(unit, made.family)
    for name, elsewhere in sorted(kernel.plugins.contributions.elsewhere.items()):
        try:
            erased[name] = elsewhere.erase(made.family)
        except Exception as error:
            raise PluginError(name, "erase", type(error).__name__) from error
    receipt = Receipt(
        id=kernel.new_id(),
        profile_id=made.profile_id,
        status=ReceiptStatus.PENDING,
        cleared_at=now,
        actor=kernel.actor.id,
        property_id=kernel.actor.property_id,
        reason=reason,
        cleared_ids=made.family,
        erased={"profile": len(family), **erased},
        kept=kept,
    )
    receipt = _link(unit, receipt)
    pending = Terms(keys=(_pending_key(kernel),))
    unit.put("receipt", receipt.id, made.profile_id, receipt, expect=0, terms=pending)
    unit.emit(
        PROFILE_CLEARED,
        made.profile_id,
        fields=made.fields,
        subject=receipt.id,
        related=made.family[1:],
    )
    return receipt


def _link(unit: Unit, receipt: Receipt) -> Receipt:
    """Make a receipt the newest of the chain."""
    made = linked(receipt, unit.ends.of(RECEIPTS))
    unit.ends.move(RECEIPTS, Chain(made.number, made.seal))
    return made


def _leave_tombstone(unit: Unit, profile: Profile) -> None:
    kernel = unit.kernel
    tombstone = evolve(
        cleared(profile),
        state=State.CLEARED,
        version=profile.version + 1,
        updated_at=kernel.now(),
        cleared_at=kernel.now(),
    )
    terms = kernel.terms.of(tombstone)
    if kernel.settings.reimport == "refuse":
        # Keyed hashes, so that the same external id is recognised when it comes again.
        external = (kernel.terms.external(e.system, e.value) for e in profile.external_ids)
        terms = terms._replace(keys=(*terms.keys, *external))
    unit.put_profile(tombstone, expect=profile.version, terms=terms)


def _clear_document(
    unit: Unit, document: Document, erased: dict[str, int], kept: dict[str, int]
) -> None:
    kernel = unit.kernel
    kind = kernel.kinds.get(document.kind)
    on_clear = kind.on_clear if kind else OnClear.ERASE
    counts = erased if on_clear is OnClear.ERASE else kept
    counts[document.kind] = counts.get(document.kind, 0) + 1
    if on_clear is OnClear.ERASE:
        unit.writer.delete(document.kind, document.id)
        unit.writer.delete_blob(document.id)
    elif on_clear is OnClear.FIELDS and kind is not None:
        value: Any = cleared(kernel.codec.load(kind.cls, document.body))
        unit.put(
            document.kind,
            document.id,
            document.owner,
            value,
            expect=document.version,
            property_id=document.property_id,
        )


def _drop_edges(unit: Unit, family: Sequence[str]) -> None:
    """Take the cleared person out of other people's relationships."""
    kernel = unit.kernel
    for other in related_to(kernel, unit.writer, family):
        edges = tuple(e for e in other.relationships if e.profile_id not in family)
        changed = evolve(
            other, relationships=edges, version=other.version + 1, updated_at=kernel.now()
        )
        unit.put_profile(changed, expect=other.version)
        unit.emit(PROFILE_UPDATED, other.id, fields=("relationships",))


def _pending_key(kernel: Kernel) -> int:
    return kernel.terms.key("receipt", ReceiptStatus.PENDING.value)


def scrub(kernel: Kernel) -> int:
    """Finish pending clears; give the number of receipts that became ``erased``."""
    with kernel.store.read() as reader:
        pending = reader.find(_pending_key(kernel), 100_000)
    if not pending:
        kernel.retry = None
        return 0
    if kernel.settings.scrub == "at-once":
        kernel.retry = lambda: scrub(kernel)
    if not kernel.store.scrub():
        return 0
    kernel.retry = None
    with kernel.writing() as unit:
        for document in unit.writer.get_many("receipt", pending):
            receipt = kernel.codec.load(Receipt, document.body)
            erased = evolve(receipt, status=ReceiptStatus.ERASED, erased_at=kernel.now())
            unit.put("receipt", receipt.id, document.owner, erased, expect=document.version)
            unit.emit(PROFILE_ERASED, receipt.profile_id, subject=receipt.id)
    return len(pending)


def resume(kernel: Kernel) -> None:
    """Take up clears that were left pending when the store was last closed."""
    if kernel.settings.scrub != "at-once":
        return
    with kernel.store.read() as reader:
        if reader.find(_pending_key(kernel), 1):
            kernel.retry = lambda: scrub(kernel)
