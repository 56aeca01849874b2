"""Values that occur nowhere else, and a program that finds every one left in a file.

Each person has a *mark* of letters and one of digits.  Every value of the person ends in one
of them, so that whatever is left of a value (trees cut beginnings off) still ends in the mark.
All marks of a sort begin alike: one pass over a file finds those of all persons, the living
ones too, which shows that the search works.

As a program it reads a line of JSON (paths, and other byte strings to look for) and answers with
the marks it found in each encoding.  It is a process of its own, because closing a database
file drops the locks that SQLite holds on it in the same process.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

LETTERS = "abegiklmnoprstuf"
CYRILLIC = dict(zip("abegiklmnoprstufzvd", "абегиклмнопрстуфзвд", strict=True))
BEGIN, SIZE = "zvgd", 12
DIGITS_BEGIN, DIGITS_SIZE = "90817", 12

Found = dict[str, set[str]]


def marks(random: Random) -> Iterator[tuple[str, str]]:
    """Give pairs of a mark of letters and one of digits; none comes twice."""
    given: set[str] = set()
    while True:
        word = BEGIN + "".join(random.choices(LETTERS, k=SIZE - len(BEGIN)))
        number = DIGITS_BEGIN + "".join(random.choices("0123456789", k=DIGITS_SIZE - 5))
        if not given & {word, number}:
            given |= {word, number}
            yield word, number


def cyrillic(word: str) -> str:
    """Give the letters by which a mark is written in another alphabet; they fold to the mark."""
    return "".join(CYRILLIC[letter] for letter in word)


def _hex(text: str) -> str:
    return text.encode().hex()


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


_LATIN = {v: k for k, v in CYRILLIC.items()}


def _from_cyrillic(found: bytes) -> str:
    return "".join(_LATIN.get(letter, "?") for letter in found.decode("utf-8", "replace"))


def _from_escaped(found: bytes) -> str:
    return _from_cyrillic(found.decode().encode().decode("unicode_escape").encode())


# For each encoding: what to look for first, how long the rest is, and how to read it.  These
# run over the bytes brought to lower case.
_PLAIN: tuple[tuple[str, bytes, int, Callable[[bytes], str]], ...] = (
    ("utf-8", BEGIN.encode(), SIZE, bytes.decode),
    ("utf-8", DIGITS_BEGIN.encode(), DIGITS_SIZE, bytes.decode),
    ("utf-16", "\0".join(BEGIN).encode(), 2 * SIZE - 1, lambda b: b[::2].decode()),
    ("utf-16", "\0".join(DIGITS_BEGIN).encode(), 2 * DIGITS_SIZE - 1, lambda b: b[::2].decode()),
    ("hex", _hex(BEGIN).encode(), 2 * SIZE, lambda b: bytes.fromhex(b.decode()).decode()),
    ("hex", _hex(BEGIN.upper()).encode(), 2 * SIZE, lambda b: bytes.fromhex(b.decode()).decode()),
    (
        "hex",
        _hex(DIGITS_BEGIN).encode(),
        2 * DIGITS_SIZE,
        lambda b: bytes.fromhex(b.decode()).decode(),
    ),
    ("cyrillic", cyrillic(BEGIN).encode(), 2 * SIZE, _from_cyrillic),
    ("escaped", _escaped(cyrillic(BEGIN)).encode(), 6 * SIZE, _from_escaped),
)
_WHOLE = re.compile(rf"{BEGIN}[{LETTERS}]{{{SIZE - len(BEGIN)}}}|{DIGITS_BEGIN}\d{{7}}")


def _places(content: bytes, first: bytes) -> Iterator[int]:
    place = content.find(first)
    while place >= 0:
        yield place
        place = content.find(first, place + 1)


def _in_base64(content: bytes, begin: str, size: int) -> Iterator[str]:
    """Find a mark in base64, at each of the three ways in which its bytes may be aligned."""
    for shift in range(3):
        known = base64.b64encode(b"\0" * shift + begin.encode())
        lost = (0, 2, 3)[shift]  # characters that hold bits of what stands before
        bits = 8 * (shift + len(begin))
        first = known[lost : bits // 6]
        head, length = known[:lost], -(-8 * (shift + size) // 6)
        for place in _places(content, first):
            coded = head + content[place : place + length - lost]
            coded = coded[: len(coded) // 4 * 4 + (0 if len(coded) % 4 == 1 else len(coded) % 4)]
            try:
                plain = base64.b64decode(coded + b"=" * (-len(coded) % 4))
            except ValueError:
                continue
            yield plain[shift : shift + size].decode("latin-1")


def find_marks(content: bytes) -> Found:
    """Give the marks in some bytes, by encoding."""
    found: Found = {}
    lower = content.lower()
    for encoding, first, length, read in _PLAIN:
        for place in _places(lower, first):
            try:
                text = read(lower[place : place + length])
            except ValueError:
                continue
            if whole := _WHOLE.match(text.lower()):
                found.setdefault(encoding, set()).add(whole[0])
    for begin, size in ((BEGIN, SIZE), (BEGIN.upper(), SIZE), (DIGITS_BEGIN, DIGITS_SIZE)):
        for text in _in_base64(content, begin, size):
            if whole := _WHOLE.match(text.lower()):
                found.setdefault("base64", set()).add(whole[0])
    return found


class Finder:
    """The program that looks through files, kept running."""

    def __init__(self) -> None:
        self.bytes_read = 0
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Finder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def find(self, paths: Sequence[Path]) -> Found:
        """Give the marks in any byte of the files, by encoding."""
        answer = self._ask(paths, [])
        return {encoding: set(found) for encoding, found in answer["found"].items()}

    def present(self, paths: Sequence[Path]) -> set[str]:
        """Give the marks in any byte of the files, in any encoding."""
        return set().union(*self.find(paths).values())

    def holds(self, paths: Sequence[Path], needles: Iterable[bytes]) -> int:
        """Count those of some other byte strings that are in the files."""
        return int(self._ask(paths, needles)["needles"])

    def _ask(self, paths: Sequence[Path], needles: Iterable[bytes]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = [[str(path) for path in paths], [needle.hex() for needle in needles]]
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        self.bytes_read += answer["bytes"]
        return answer


def _serve(lines: Iterable[str]) -> None:
    for line in lines:
        paths, needles = json.loads(line)
        content = b"\0".join(Path(path).read_bytes() for path in paths)
        found = {encoding: sorted(marks) for encoding, marks in find_marks(content).items()}
        held = sum(bytes.fromhex(needle) in content for needle in needles)
        answer = {"bytes": len(content), "found": found, "needles": held}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.stdin)
