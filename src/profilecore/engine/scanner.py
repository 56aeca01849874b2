"""The program that looks for byte strings in files, in a process of its own.

Closing one of a store's files would drop the locks that the store's own connections hold on it
in the same process; hence this program, which ``profilecore.engine.residue`` starts.  It needs
nothing but the standard library.  From stdin it reads how long its question is, the question as
JSON (``parts``: path number, path, start and end; ``sizes`` of the byte strings), and the byte
strings one behind the other: other users may read a command line, but not a pipe.  To stdout it
writes lines of numbers only: ``done BYTES`` and ``hit PATH_NUMBER OFFSET NUMBER``, the first
place of each byte string in each part.  A part ends at its end for the places, not for what is
read; an end of -1 is the end of the file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence

CHUNK = 1 << 20
"""Bytes looked through at once: few enough to stay in the cache for the next byte string."""
TELL = 16 << 20
FEW = 48
"""Up to this many byte strings are looked for one by one, at some gigabytes a second each.  More
of them share one regular expression, which slows down much less with their number."""
_AHEAD = 4
_SAMPLE = 1 << 16

# Gives (place, number) of the byte strings in a chunk; a place may come more than once.
Find = Callable[[bytes, "set[int]"], Iterator[tuple[int, int]]]


def finder(values: Sequence[bytes], sample: bytes) -> Find:
    """Choose how to look for byte strings of at least ``_AHEAD`` bytes."""
    return _one_by_one(values) if len(values) <= FEW else _together(values, sample)


def _one_by_one(values: Sequence[bytes]) -> Find:
    def find(chunk: bytes, wanted: set[int]) -> Iterator[tuple[int, int]]:
        for number in wanted:
            place = chunk.find(values[number])
            if place >= 0:
                yield place, number

    return find


def _together(values: Sequence[bytes], sample: bytes) -> Find:
    """Look for a byte that is rare in the files with three that follow it, then for the rest."""
    rarity = [sample.count(byte) for byte in range(256)]
    rare = _rare_bytes(values, rarity)
    starts: dict[bytes, list[tuple[int, int]]] = {}
    for number, value in enumerate(values):
        places = range(len(value) - _AHEAD + 1)
        at = min((n for n in places if value[n] in rare), key=lambda n: rarity[value[n]])
        starts.setdefault(value[at : at + _AHEAD], []).append((at, number))
    search = re.compile(_expression(starts), re.DOTALL).finditer

    def find(chunk: bytes, wanted: set[int]) -> Iterator[tuple[int, int]]:
        for match in search(chunk):
            place = match.start()
            for at, number in starts[chunk[place : place + _AHEAD]]:
                begin = place - at
                if begin >= 0 and number in wanted and chunk.startswith(values[number], begin):
                    yield begin, number

    return find


def _rare_bytes(values: Sequence[bytes], rarity: Sequence[int]) -> set[int]:
    """Choose bytes, as rare as may be, of which each value holds one."""
    held: dict[int, set[int]] = {}
    for number, value in enumerate(values):
        for byte in value[: len(value) - _AHEAD + 1]:
            held.setdefault(byte, set()).add(number)
    chosen: set[int] = set()
    left = set(range(len(values)))
    while left:
        best = max(held, key=lambda byte: len(held[byte] & left) / (rarity[byte] + 1))
        chosen.add(best)
        left -= held[best]
    return chosen


def _expression(starts: dict[bytes, list[tuple[int, int]]]) -> bytes:
    """Match the first byte of each start that the others follow: nothing hides what overlaps."""
    tree: dict[int, set[bytes]] = {}
    for start in starts:
        tree.setdefault(start[0], set()).add(start[1:])
    return b"|".join(
        re.escape(bytes([first])) + b"(?=" + _tree(rest) + b")" for first, rest in tree.items()
    )


def _tree(words: set[bytes]) -> bytes:
    following: dict[int, set[bytes]] = {}
    for word in words:
        following.setdefault(word[0], set()).add(word[1:])
    ways = [
        re.escape(bytes([first])) + (_tree(rest) if rest != {b""} else b"")
        for first, rest in following.items()
    ]
    return ways[0] if len(ways) == 1 else b"(?:" + b"|".join(ways) + b")"


def places_in(
    path: str, start: int, end: int, find: Find, sizes: Sequence[int], tell: Callable[[int], None]
) -> Iterator[tuple[int, int]]:
    """Give (offset, number) for the first place of each byte string in a part of a file.

    A file that is there no more has none.
    """
    overlap = max(sizes) - 1
    wanted = set(range(len(sizes)))
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115  # closed below
    except FileNotFoundError:
        return
    with file:
        file.seek(start)
        behind, at = b"", start
        while wanted and (fresh := file.read(CHUNK)):
            inside = fresh if end < 0 else fresh[: max(end + overlap - at, 0)]
            chunk = behind + inside
            begin = at - len(behind)
            first: dict[int, int] = {}
            for place, number in find(chunk, wanted):
                if end < 0 or begin + place < end:
                    first[number] = min(first.get(number, place), place)
            yield from ((begin + place, number) for number, place in first.items())
            wanted -= first.keys()
            at += len(fresh)
            tell(len(fresh) if end < 0 else min(len(fresh), max(end - at + len(fresh), 0)))
            if len(inside) < len(fresh):
                return
            behind = chunk[-overlap:] if overlap else b""
        if wanted:
            return
        tell(max((os.fstat(file.fileno()).st_size if end < 0 else end) - at, 0))


def _serve() -> None:
    source = sys.stdin.buffer
    question = json.loads(source.read(int(source.readline())))
    values = [source.read(size) for size in question["sizes"]]
    find = finder(values, _sample([part[1] for part in question["parts"]]))
    done = told = 0

    def tell(read: int) -> None:
        nonlocal done, told
        done += read
        if done - told >= TELL:
            _say(f"done {done - told}")
            told = done

    for number, path, start, end in question["parts"]:
        for offset, which in places_in(path, start, end, find, question["sizes"], tell):
            _say(f"hit {number} {offset} {which}")
    _say(f"done {done - told}")


def _sample(paths: Sequence[str]) -> bytes:
    """Give some bytes of all over the files, to see which are rare."""
    taken = b""
    for path in paths:
        try:
            with open(path, "rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                for place in range(0, size, max(size // 8, _SAMPLE)):
                    file.seek(place)
                    taken += file.read(_SAMPLE)
        except FileNotFoundError:
            continue
    return taken


def _say(line: str) -> None:
    # One write a line: several of these programs write to one pipe.
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    _serve()
