"""Scrub the store, and keep book of the receipts that a scrub has finished.

A receipt is written once.  Receipts are numbered in the order of their commits, and a scrub
finishes all that were committed before it; so instead of each receipt a *mark* is written: up to
this number they are erased, since this time.  The marks of a hundred numbers stand in one document.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from profilecore.engine.ends import RECEIPTS
from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import Unit
from profilecore.model.documents import Document, Receipt, ReceiptStatus
from profilecore.model.events import PROFILE_ERASED
from profilecore.model.fields import evolve, lean
from profilecore.store.port import Reader

KIND = "scrub"
# Of the documents beside the marks.
TOLD = "told"
OWED = "owed"
# Few enough that a mark for each clear rewrites little, many enough that a batch writes few.
NUMBERS_TOGETHER = 100
AT_ONCE = 1_000

T = TypeVar("T")


@lean
class _Mark:
    """All receipts up to a number, and behind the mark before it, are erased since a time."""

    last: int
    at: datetime


@lean
class _Marks:
    marks: tuple[_Mark, ...] = ()


@lean
class _Told:
    """The newest receipt that was told to be erased."""

    receipt_id: str | None = None
    number: int = 0


@lean
class _Owed:
    """Stands for something that was deleted without a receipt, and not scrubbed yet."""


def as_it_stands(kernel: Kernel, reader: Reader, receipt: Receipt) -> Receipt:
    """Give a receipt with its status as of now, and with what the store cannot erase."""
    if receipt.status is not ReceiptStatus.PENDING:  # nobody writes it so
        receipt = evolve(receipt, status=ReceiptStatus.PENDING, erased_at=None)
    marks = _stored(kernel, reader, _place(receipt.number), _Marks())[0].marks
    for mark in marks:
        if receipt.number <= mark.last:
            return evolve(receipt, status=ReceiptStatus.ERASED, erased_at=mark.at)
    remainder = kernel.store.remainder
    if remainder is None:
        return receipt
    days = remainder.days
    until = None if days is None else (receipt.cleared_at + timedelta(days)).date()
    return evolve(receipt, remains=remainder.where, remains_until=until)


def scrub(kernel: Kernel, *, asked: bool = False) -> int:
    """Finish pending clears; give the number of receipts that became ``erased``.

    Who asks for it has the store scrubbed also where no receipt waits for that.
    """
    with kernel.store.read() as reader:
        last = kernel.end_of(reader, RECEIPTS).length
        _, owed = _stored(kernel, reader, OWED, _Owed())
        if not asked and not owed and not _untold(kernel, reader, 1)[0]:
            kernel.retry = None
            return 0
    if kernel.settings.scrubs_at_once:
        kernel.retry = lambda: scrub(kernel)
    if not kernel.store.scrub():
        if kernel.store.remainder is not None:
            kernel.retry = None  # it will never say more
        return 0
    kernel.retry = None
    marked = 0
    while True:
        with kernel.writing() as unit:
            found, at_end = _untold(kernel, unit.writer, AT_ONCE)
            covered = [each for each in found if each[1] <= last]
            marked += _mark_erased(unit, covered)
            if at_end or len(covered) < len(found):
                _settle(unit, owed)
                return marked


def scrub_after(unit: Unit) -> None:
    """Have the store scrubbed once the unit is committed, if the chain wants it at once."""
    kernel = unit.kernel
    if kernel.settings.scrubs_at_once:
        unit.after["scrub"] = lambda: scrub(kernel)


def owe(unit: Unit) -> None:
    """Note that something was deleted of which no receipt tells; the next scrub settles it."""
    _, version = _stored(unit.kernel, unit.writer, OWED, _Owed())
    unit.put(KIND, OWED, OWED, _Owed(), expect=version)


def resume(kernel: Kernel) -> None:
    """Take up the scrub that was left to do when the store was last closed."""
    if not kernel.settings.scrubs_at_once or kernel.store.remainder is not None:
        return
    with kernel.store.read() as reader:
        if _stored(kernel, reader, OWED, _Owed())[1] or _untold(kernel, reader, 1)[0]:
            kernel.retry = lambda: scrub(kernel)


def _settle(unit: Unit, version: int) -> None:
    """Take back what was owed before a scrub; what came during it stays for the next."""
    if version and _stored(unit.kernel, unit.writer, OWED, _Owed())[1] == version:
        unit.writer.delete(KIND, OWED)


def _untold(kernel: Kernel, reader: Reader, limit: int) -> tuple[list[tuple[Document, int]], bool]:
    """Give the oldest pending receipts, of which nobody was told that they are erased.

    Each comes with its number.  The second says that these are all.
    """
    told, _ = _stored(kernel, reader, TOLD, _Told())
    after = told.receipt_id
    if after is not None and reader.get("receipt", after) is None:
        after = None  # somebody has dropped it, which must not keep the others pending
    while True:
        page = reader.listing("receipt", after, limit)
        (numbers,) = kernel.codec.columns(("number",), Receipt)([d.body for d in page])
        listed = [(d, number or 0) for d, number in zip(page, numbers, strict=True)]
        fresh = [each for each in listed if each[1] > told.number or not told.number]
        at_end = len(page) < limit
        if fresh or at_end:
            return fresh, at_end
        after = page[-1].id


def _mark_erased(unit: Unit, found: Sequence[tuple[Document, int]]) -> int:
    """Mark the next receipts, and tell of each; give their number."""
    if not found:
        return 0
    kernel, at = unit.kernel, unit.kernel.now()
    newest = {_place(number): number for _, number in found}
    with unit.batch():
        for place, last in newest.items():
            held, version = _stored(kernel, unit.writer, place, _Marks())
            marks = (*held.marks, _Mark(last, at))
            unit.put(KIND, place, place, _Marks(marks), expect=version)
        _, version = _stored(kernel, unit.writer, TOLD, _Told())
        document, number = found[-1]
        unit.put(KIND, TOLD, TOLD, _Told(document.id, number), expect=version)
        unit.emit_all(PROFILE_ERASED, ((d.owner, (), d.id) for d, _ in found))
    return len(found)


def _place(number: int) -> str:
    """Give the id of the document with the marks of a receipt's number."""
    return str(number // NUMBERS_TOGETHER)


def _stored(kernel: Kernel, reader: Reader, id: str, otherwise: T) -> tuple[T, int]:
    """Give a document of the book and its version; 0 for none."""
    document = reader.get(KIND, id)
    if document is None:
        return otherwise, 0
    return kernel.codec.load(type(otherwise), document.body), document.version
