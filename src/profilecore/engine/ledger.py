"""The ledger of clears: a file outside the store, from which a restored backup is cleared again.

A line is a JSON object: the receipt's id, number, time and seal, the ids that were cleared, and a
hash that tells the store from others, where the same ids may be somebody else.  Nothing else stands
in it, so it may be kept for as long as backups are.  Lines are only ever added; the same receipt
may stand in several, and a line cut short by a crash is passed over.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from profilecore.engine.clearing import carry_out, leave_receipt, look_again, work_out
from profilecore.engine.ends import RECEIPTS
from profilecore.engine.kernel import Kernel
from profilecore.engine.merging import merges, unmerge
from profilecore.engine.persons import person
from profilecore.engine.scrubbing import scrub
from profilecore.engine.unit import PROFILE, Unit
from profilecore.errors import (
    Blocker,
    ProfilecoreError,
    StoreCorrupt,
    StoreUnavailable,
    UnmergeBlocked,
)
from profilecore.model.documents import Receipt
from profilecore.model.enums import State
from profilecore.values import frozen

AT_ONCE = 200
REASON = "ledger"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One clear, as it stands in the ledger."""

    receipt: str
    number: int
    at: datetime
    ids: tuple[str, ...]
    seal: str
    objected: bool = False
    store: int = 0


class Ledger:
    """The file.  Safe to write to from several threads and processes: lines are added at its end.

    :raises StoreUnavailable: if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        os.close(self._open())

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "this is no path"
            raise StoreUnavailable(
                f"The ledger {str(self.path)!a} cannot be written ({why}); "
                "name a file in a directory that exists."
            ) from None

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in the order in which they were written.

        :raises StoreCorrupt: naming the line that is none.
        """
        decode = msgspec.json.Decoder(Entry).decode
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return  # cut short: its receipt is in the store, and is noted anew
                if line == b"\n":
                    continue
                try:
                    yield decode(line)
                except (ValueError, RecursionError):
                    if not line.startswith(b"{") or line.rstrip().endswith(b"}"):
                        raise StoreCorrupt(
                            f"Line {number} of the ledger {self.path} is none of a ledger; "
                            "restore the ledger from its own copy."
                        ) from None

    def note(self, kernel: Kernel, receipts: Sequence[str]) -> None:
        """Add the receipts that are in the store, committed; on disk when it returns.

        What could not be written is added with the next.

        :raises StoreUnavailable: if the file cannot be written.
        """
        with self._lock:
            self._waiting += receipts
            with kernel.store.read() as reader:
                stored = reader.get_many("receipt", self._waiting)
            self._add(kernel, (kernel.codec.load(Receipt, document.body) for document in stored))
            self._waiting.clear()

    def _add(self, kernel: Kernel, receipts: Iterable[Receipt]) -> None:
        store = mark_of(kernel)
        lines = [
            msgspec.json.encode(
                Entry(r.id, r.number, r.cleared_at, r.cleared_ids, r.seal, r.objected, store)
            )
            + b"\n"
            for r in receipts
        ]
        if not lines:
            return
        file = self._open()
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                lines.insert(0, b"\n")  # ends the line that was cut short
            content = b"".join(lines)
            while content:
                content = content[os.write(file, content) :]
            os.fsync(file)
        except OSError as error:
            raise StoreUnavailable(
                f"The ledger {self.path} cannot be written ({error.strerror}); make room for it."
            ) from None
        finally:
            os.close(file)

    def heal(self, kernel: Kernel, known: Collection[str]) -> None:
        """Add the receipts of the store that are not known to the file, as after a crash."""
        for page in kernel.pages("receipt", AT_ONCE):
            receipts = (kernel.codec.load(Receipt, d.body) for d in page if d.id not in known)
            self._add(kernel, receipts)


def mark_of(kernel: Kernel) -> int:
    """Give a number that a store and its backups have, and no other store."""
    return kernel.terms.key("ledger", "store")


@frozen
class Unapplied:
    """An entry that could not be applied to a restored store: its receipt, and why."""

    receipt_id: str
    code: str


def reapply(kernel: Kernel, ledger: Ledger) -> list[Unapplied]:
    """Clear again whoever the ledger says was cleared and the store still has.

    Bills and holds of the store stand in nobody's way: they were settled before the clear, which
    the store has forgotten.  Each person is one transaction.

    :raises StoreCorrupt: if the ledger is of another store; then nothing was done.
    """
    seal, store = "", mark_of(kernel)
    known: set[str] = set()
    for entry in ledger:
        if entry.store not in (0, store):
            raise StoreCorrupt(
                f"The ledger {ledger.path} is of another store; "
                "give each store a ledger of its own."
            )
        seal = entry.seal
        known.add(entry.receipt)
    with kernel.store.read() as reader:
        end = kernel.end_of(reader, RECEIPTS)
    # The newest may be noted while others are missing: from the file if a worker died before its
    # line, from the store if an earlier opening ended half way.
    if (seal, len(known)) == (end.newest, end.length):
        return []
    failed: list[Unapplied] = []
    entries = iter(ledger)
    applied = 0
    while listed := list(islice(entries, AT_ONCE)):
        with kernel.store.read() as reader:
            there = {d.id for d in reader.get_many("receipt", [e.receipt for e in listed])}
        for entry in listed:
            if entry.receipt in there:
                continue
            there.add(entry.receipt)
            try:
                with kernel.writing() as unit:
                    _apply(unit, entry)
                applied += 1
            except ProfilecoreError as error:
                failed.append(Unapplied(entry.receipt, error.code))
    ledger.heal(kernel, known)
    if applied and kernel.settings.scrubs_at_once:
        scrub(kernel)
    if failed:
        logging.getLogger("profilecore.engine").warning(
            "%d clears of the ledger %s could not be applied; see engine.unapplied.",
            len(failed), ledger.path,
        )  # fmt: skip
    return failed


def _apply(unit: Unit, entry: Entry) -> None:
    kernel = unit.kernel
    known = [d.id for d in unit.writer.get_many(PROFILE, entry.ids)]
    if unit.writer.get("receipt", entry.receipt) is not None:
        return  # another process was faster
    for id in known:
        _part_from_others(unit, id, entry.ids)
    receipt: Receipt | None = None
    # Without the key nobody can be remembered; that is no reason to leave them as they were.
    objected = entry.objected and kernel.settings.suppression_key is not None
    for id in known:
        one = person(kernel, unit.writer, id)
        if one.root.state is not State.CLEARED:
            made = work_out(kernel, one)
            own: dict[str, Any] = {"id": entry.receipt} if receipt is None else {}
            receipt = carry_out(unit, one, made, REASON, objected=objected, **own)
            look_again(unit, made)
    if receipt is None:
        # Made after the backup: there is nothing to clear, but the proof comes back.
        leave_receipt(unit, entry.ids[0], id=entry.receipt, reason=REASON, cleared_ids=entry.ids)


def _part_from_others(unit: Unit, id: str, ids: Sequence[str]) -> None:
    """Undo merges of a restored store with people who were not cleared with this one."""
    kernel = unit.kernel
    while True:
        family = kernel.root(unit.writer, id).family
        if set(family) <= set(ids):
            return
        journal = [m for m in merges(kernel, id) if m.undone is None]
        if not journal:
            raise UnmergeBlocked([Blocker("no-journal", "The merge has left no journal.")])
        unmerge(kernel, journal[-1].id)
