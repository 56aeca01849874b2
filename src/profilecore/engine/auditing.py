"""Prove that nobody meddled with the receipts and the events: go along their chains."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from profilecore.engine.ends import EVENTS, RECEIPTS
from profilecore.engine.kernel import Kernel
from profilecore.model.documents import Chain, Document, Receipt, ReceiptStatus
from profilecore.model.events import Event
from profilecore.model.fields import fields_of
from profilecore.rules import chain
from profilecore.rules.chain import ChainFault, Entry, Rule, Walk
from profilecore.store.port import Reader

E = TypeVar("E", bound=Entry)
P = TypeVar("P")
Watch = Callable[[int], object]
PAGE = 2_000


def ends(kernel: Kernel) -> dict[str, Chain]:
    with kernel.reading() as reader:
        return {
            chain.RECEIPTS.chain: kernel.end_of(reader, RECEIPTS),
            chain.AUDIT.chain: kernel.end_of(reader, EVENTS),
        }


def verify(kernel: Kernel, watch: Watch | None) -> list[ChainFault]:
    counts = [0, 0]

    def told(part: int, done: int) -> None:
        counts[part] = done
        if watch is not None:
            watch(sum(counts))

    receipts = verify_receipts(kernel, lambda done: told(0, done))
    return receipts + verify_audit(kernel, lambda done: told(1, done))


def verify_receipts(kernel: Kernel, watch: Watch | None) -> list[ChainFault]:
    def read(reader: Reader, after: str | None) -> tuple[list[Receipt], str | None]:
        documents = reader.listing("receipt", after, PAGE)
        receipts = [_receipt(kernel, document) for document in documents]
        # A document may have been given the body of another.
        return receipts, documents[-1].id if documents else after

    return _walk(kernel, chain.RECEIPTS, RECEIPTS, read, None, watch)


def verify_audit(kernel: Kernel, watch: Watch | None) -> list[ChainFault]:
    def read(reader: Reader, after: int) -> tuple[list[Event], int]:
        events = reader.events(after, PAGE)
        return events, events[-1].seq if events else after

    return _walk(kernel, chain.AUDIT, EVENTS, read, 0, watch)


def _receipt(kernel: Kernel, document: Document) -> Receipt:
    """Read a receipt; in the place of one that was damaged give one that no seal fits."""
    try:
        receipt = kernel.codec.load(Receipt, document.body)
        if all(hasattr(receipt, field.name) for field in fields_of(Receipt)):
            return receipt
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    long_ago = datetime.min.replace(tzinfo=UTC)
    return Receipt(document.id, document.owner, ReceiptStatus.PENDING, long_ago)


def _walk(
    kernel: Kernel,
    rule: Rule[E],
    end_id: str,
    read: Callable[[Reader, P], tuple[list[E], P]],
    after: P,
    watch: Watch | None,
) -> list[ChainFault]:
    """Go along a chain page by page, each in a read of its own, so that no writer or scrub waits.

    Entries are only added, so the last page and the end, which are read together, belong to all
    the pages before them.
    """
    walk = Walk(rule)
    faults: list[ChainFault] = []
    end: Chain | None = None
    while end is None:
        with kernel.reading() as reader:
            entries, after = read(reader, after)
            if len(entries) < PAGE:
                end = kernel.end_of(reader, end_id)
        faults += walk.along(entries)
        if watch is not None:
            watch(walk.done)
    return [*faults, *walk.at_end(end)]
