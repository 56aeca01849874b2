"""The chain of receipts: each is sealed over its own facts and the seal of the one before.

Who changes, drops or moves a receipt afterwards breaks the chain at that place.  Who writes the
whole chain anew does not: so note its newest seal elsewhere, and have it compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

import msgspec

from profilecore.model.documents import Chain, Receipt
from profilecore.model.fields import evolve
from profilecore.values import frozen

# What becomes known only after a receipt is written.
_OPEN = {"seal", "status", "erased_at"}
_encode = msgspec.json.Encoder(order="sorted").encode


@frozen
class ChainFault:
    """A place where the chain is broken: the number of the receipt, and what is wrong there.

    ``code`` is ``changed`` (the receipt says something else than when it was sealed),
    ``missing`` (no receipt has this number), ``moved`` (it stands out of order, or twice) or
    ``unlinked`` (it was sealed over another than the one before it).
    """

    number: int
    code: str
    receipt_id: str | None = None


def seal(receipt: Receipt) -> str:
    """Give the seal of a receipt: SHA-256 of its lasting facts and the seal before, in hex."""
    facts = {name: value for name, value in vars(receipt).items() if name not in _OPEN}
    return sha256(_encode(facts)).hexdigest()


def linked(receipt: Receipt, after: Chain) -> Receipt:
    """Give a receipt as the next of a chain."""
    numbered = evolve(receipt, number=after.length + 1, previous=after.newest)
    return evolve(numbered, seal=seal(numbered))


def verify(receipts: Iterable[Receipt], end: Chain) -> Iterator[ChainFault]:
    """Yield every fault of a chain, given its receipts in the order they were written."""
    before = Chain()
    for receipt in receipts:
        if receipt.seal != seal(receipt):
            yield ChainFault(receipt.number, "changed", receipt.id)
        if receipt.number <= before.length:
            yield ChainFault(receipt.number, "moved", receipt.id)
            continue
        for number in range(before.length + 1, receipt.number):
            yield ChainFault(number, "missing")
        if receipt.number == before.length + 1 and receipt.previous != before.newest:
            yield ChainFault(receipt.number, "unlinked", receipt.id)
        before = Chain(receipt.number, receipt.seal)
    for number in range(before.length + 1, end.length + 1):
        yield ChainFault(number, "missing")
    if before.length > end.length or (before.length == end.length and before != end):
        yield ChainFault(before.length, "unlinked")
