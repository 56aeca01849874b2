"""Words that are found by their beginning, without showing a letter.

Each letter of a word becomes a mark of 18 bits that depends on the key and on all letters up to
it, as in prefix-preserving encryption (J. Xu, J. Fan, M. Ammar and S. Moon, 2002): words that
begin alike have marks that begin alike, and so any index of prefixes finds them.  What an observer
of the index learns is which words begin alike and how often, not what they are.  Two beginnings
may by chance (1 in 262,144) have the same marks, so a hit is compared with the words themselves.
"""

from __future__ import annotations

import threading
from binascii import b2a_base64
from collections.abc import Iterable
from hashlib import blake2b
from itertools import accumulate
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from profilecore.store.port import OPEN, Line, Query, Terms

DEEPEST = 12
"""Letters of a word that are found one by one; nearly nobody types more."""
BESIDE = 4
"""Letters by which the other words of a text are told apart in the index."""

_BLOCK = 16
_MARK = 3
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# What fills the block of a beginning: zeros, and its length, so that no two are alike.
_FILL = tuple(bytes(_BLOCK - 1 - size) + bytes((size,)) for size in range(_BLOCK))
# The blocks of all beginnings of a word are a translation of a pattern: bytes from 16 on
# stand for its letters, and those below, which fill the blocks, for themselves.
_NUMBERED = bytes(range(_BLOCK, _BLOCK + DEEPEST))
_BEGINNINGS = tuple(
    b"".join(_NUMBERED[:end] + _FILL[end] for end in range(1, size + 1))
    for size in range(DEEPEST + 1)
)
_BEFORE = bytes(range(_BLOCK))
_BEHIND = tuple(bytes(256 - _BLOCK - size) for size in range(DEEPEST + 1))
_URLSAFE = bytes.maketrans(b"+/", b"-_")
_LETTERS = bytes(_ALPHABET[byte % 64] for byte in range(256))


class Words:
    """Makes marks under a key.  Thread-safe; can be pickled, with the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        # To copy a hash that has its key is twice as fast as to begin anew.
        self._hash = blake2b(digest_size=6, key=key, person=b"whole")
        self.start()

    def start(self) -> None:
        """Begin anew, as in the child of a fork: another thread may have been at it."""
        self._lock = threading.Lock()
        self._cipher: CipherContext = Cipher(algorithms.AES(self._key), modes.ECB()).encryptor()

    def __reduce__(self) -> tuple[Any, ...]:
        return Words, (self._key,)

    def sealed(self, terms: Terms) -> Terms:
        """Give terms whose lines show nothing but their marks; the keys stay as they are."""
        if not terms.lines:
            return terms
        open_lines = [line for line in terms.lines if line.text.startswith(OPEN)]
        if open_lines:
            rest = tuple(line for line in terms.lines if line not in open_lines)
            return Terms(terms.keys, (*open_lines, *self.sealed(Terms((), rest)).lines))
        texts = [text.split(" ") for text, _ in terms.lines]
        words = {word for words in texts for word in words}
        words.update(word for _, words in terms.lines for word in words)
        marks = self.marks(words)
        lines = []
        for (text, found_by), beside in zip(terms.lines, texts, strict=True):
            cut = [marks[word][: BESIDE * _MARK] for word in beside]
            # Tells texts apart that begin alike; the sign is no mark's.
            sealed = f"{' '.join(cut)} ~{self._digest(text)}"
            lines.append(Line(sealed, tuple(marks[word] for word in found_by)))
        return Terms(terms.keys, tuple(lines))

    def query(self, query: Query) -> Query:
        """Give the query that finds at least the rows that a plain one is for."""
        if query.word is None or query.word.startswith(OPEN):
            return query
        others = [other.partition(" ")[0][:BESIDE] for other in query.others]
        marks = self.marks({word for word in others if word})
        return Query(self.prefix(query.word), tuple(marks[o] for o in others if o), query.keys)

    def prefix(self, word: str) -> str:
        """Give the marks of the beginning of words."""
        if word.startswith(OPEN):
            return word
        beginning = word[:DEEPEST]
        return self.marks({beginning})[beginning]

    def is_of(self, sealed: str, text: str) -> bool:
        """Tell whether a sealed text is that of a plain one."""
        return sealed.endswith(self._digest(text))

    def marks(self, words: Iterable[str]) -> dict[str, str]:
        """Give the marks of words; one call of the cipher makes those of all."""
        listed = list(words)
        blocks: list[bytes] = []
        for word in listed:
            if word.isascii():
                seen = word[:DEEPEST].encode("ascii")
                size = len(seen)
                blocks.append(_BEGINNINGS[size].translate(_BEFORE + seen + _BEHIND[size]))
            else:
                ends = accumulate(len(_encoded(letter)) for letter in word[:DEEPEST])
                seen = _encoded(word[:DEEPEST])
                blocks += [self._block(seen[:end]) for end in ends]
        with self._lock:
            made = self._cipher.update(b"".join(blocks))
        every = bytearray(len(made) // _BLOCK * _MARK)
        for place in range(_MARK):
            every[place::_MARK] = made[place::_BLOCK]
        text = every.translate(_LETTERS).decode("ascii")
        found: dict[str, str] = {}
        start = 0
        for word in listed:
            end = start + _MARK * min(len(word), DEEPEST)
            rest = f"~{self._digest(word)}" if len(word) > DEEPEST else ""
            found[word] = text[start:end] + rest
            start = end
        return found

    def _block(self, seen: bytes) -> bytes:
        """Give the block of a beginning: itself with its length, or a hash of a longer one."""
        if len(seen) < _BLOCK:
            return seen + _FILL[len(seen)]
        return blake2b(seen, digest_size=_BLOCK, key=self._key).digest()

    def _digest(self, text: str) -> str:
        made = self._hash.copy()
        made.update(_encoded(text))
        return b2a_base64(made.digest(), newline=False).translate(_URLSAFE).decode("ascii")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def fits(line: Line, word: str, query: Query) -> bool:
    """Tell whether a row is one that a query is for."""
    beside = f" {line.text}"
    return word.startswith(query.word or "") and all(f" {o}" in beside for o in query.others)
