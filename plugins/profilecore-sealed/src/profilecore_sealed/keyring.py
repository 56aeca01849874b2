"""Where the keys are: apart from the store, behind a port small enough for a key service."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence
from pathlib import Path

KEY = 32
"""Bytes of a key: AES-256."""


class Keyring(abc.ABC):
    """Keys under numbers, which are given once and never again.

    A key is durable before :meth:`reserve` gives it, and is gone for good when :meth:`destroy`
    returns.  Safe to use from many threads and processes at once.
    """

    @property
    @abc.abstractmethod
    def id(self) -> bytes:
        """Sixteen random bytes that tell this keyring from others."""

    @property
    @abc.abstractmethod
    def salt(self) -> bytes:
        """The salt of the store whose keys these are: sixteen random bytes."""

    @property
    @abc.abstractmethod
    def word_key(self) -> bytes:
        """The key of the words in the index."""

    @abc.abstractmethod
    def reserve(self, number: int) -> list[tuple[int, bytes]]:
        """Give new keys with their numbers, which are above 0.

        Until they are told to be :meth:`settled`, they are in doubt.
        """

    @abc.abstractmethod
    def keys(self, numbers: Sequence[int]) -> list[bytes | None]:
        """Give the keys of numbers in their order, ``None`` for each that was destroyed.

        :raises StoreCorrupt: if a number was never given: then this is an older copy.
        """

    def key(self, number: int) -> bytes | None:
        """Give one key, as :meth:`keys` does."""
        return self.keys((number,))[0]

    @abc.abstractmethod
    def destroy(self, numbers: Iterable[int]) -> None:
        """Destroy keys; destroying one twice is allowed."""

    @abc.abstractmethod
    def settled(self, numbers: Iterable[int]) -> None:
        """Take note that new keys are in use, or destroyed: they are in doubt no longer."""

    @abc.abstractmethod
    def in_doubt(self) -> list[int]:
        """Give the new keys of which nobody has told what became of them."""

    @abc.abstractmethod
    def adopt(self, salt: bytes) -> None:
        """Take the salt of another store, of which this keyring's will be a copy."""

    def claim(self, store: bytes) -> bool:
        """Take note which new store these keys are for, by its salt; tell whether they can be.

        They cannot if they are another store's, for each destroys what it does not use itself.
        A keyring that says nothing of this is taken at its owner's word.
        """
        return True

    def made(self) -> int | None:
        """Give the highest number that a key may have been given, if that is known.

        By it an older copy is found out.
        """
        return None

    def retire(self) -> None:  # noqa: B027 - many have none in stock
        """Give none of the keys any more that were made until now; those given stay as they are.

        All keys are about to be changed, since a copy of the keyring may be in wrong hands, and
        what is stored afterwards must not be sealed under a key that is in it.  When this
        returns, no process may give a key that was made before.  Whoever makes a key only when it
        is asked for has nothing to do; a key service with some in stock, in its clients too, must
        have them dropped, and by all.
        """

    def files(self) -> tuple[Path, ...]:
        """Give the files that hold the keys; none if they are elsewhere."""
        return ()

    def check(self) -> list[str]:
        """Give a line per fault found; none if it is sound."""
        return []

    @abc.abstractmethod
    def close(self) -> None:
        """Release everything held; closing twice is allowed."""
