"""Find the lines of a zone in what a scanner sends: by keyboard, by serial line, from a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from profilecore_scanner.checking import Trust, check
from profilecore_scanner.digits import ALPHABET
from profilecore_scanner.faults import Fault, ZoneUnreadable
from profilecore_scanner.layouts import LAYOUTS, Layout, layout_of
from profilecore_scanner.states import state

# Characters that a scanner may be set to send before and after its text, both together.
MOST_EXTRA = 8
# A line of a card with a few characters before it is shorter than this, all others are longer.
_CARD = 33
_JOINED = 60
_WIDTHS = (30, 36, 44)
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85]")
_STRANGE = re.compile(r"[^A-Z0-9<]+")
_BLANKS = re.compile(r"[ \t\xa0]+")
_SMALL = {n: n - 32 for n in range(ord("a"), ord("z") + 1)} | {ord("«"): "<<", ord("‹"): "<"}


def locate(lines: str | Iterable[str]) -> tuple[Layout, tuple[str, ...]]:
    """Give the form and the lines of the one zone in a text.

    Blanks, control characters and small letters are put right; lines may be joined, and may have
    up to eight characters before and after them, if the check digits tell where the zone begins.

    :raises ZoneUnreadable: if there is none, or no telling where it stands.
    """
    rows = list(_rows([lines] if isinstance(lines, str) else lines))
    pieces = [piece for row in rows for piece in _STRANGE.split(row) if piece]
    for exact in (pieces, [p for p in pieces if len(p) >= min(_WIDTHS)]):
        zone = _cut(exact)
        if zone is not None:
            return zone
    framed = {lines: layout for layout, lines in _framed(pieces)}
    if len(framed) == 1:
        ((found, layout),) = framed.items()
        return layout, found
    zone = None if framed else _cut(pieces, is_joined=True)
    if zone is None or not _begins_there(*zone):
        raise ZoneUnreadable(_faults(rows, is_ambiguous=bool(framed)))
    return zone


def documents(text: str) -> Iterator[list[str]]:
    """Part a text with several zones into the lines of each, in order.

    An empty line ends a zone, and so does its last line.  Lines that begin with # are passed over.
    """
    held: list[str] = []
    for line in _BREAKS.split(text.replace("\r\n", "\n")):
        if line.lstrip().startswith("#"):
            continue
        bare = "".join(_STRANGE.split("".join(_rows([line]))))
        if bare:
            held.append(line)
        if held and (not bare or len(held) == _lines_of(held[0])):
            yield held
            held = []
    if held:
        yield held


def _lines_of(first: str) -> int:
    width = len("".join(_rows([first])))
    return 1 if width > _JOINED else 3 if width <= _CARD else 2


def _rows(lines: Iterable[str]) -> Iterator[str]:
    """Give the lines without blanks, in capitals."""
    for text in lines:
        for line in _BREAKS.split(text):
            row = _BLANKS.sub("", line).translate(_SMALL)
            if row:
                yield row


def _cut(
    pieces: Sequence[str], *, is_joined: bool = False
) -> tuple[Layout, tuple[str, ...]] | None:
    """Give the zone if the pieces are its lines, whole or joined, and nothing else."""
    text = "".join(pieces)
    for layout in LAYOUTS.values():
        if len(text) != layout.size or layout_of(layout.width, text) is not layout:
            continue
        if is_joined or all(len(piece) == layout.width for piece in pieces):
            return layout, _lines(layout, text)
    return None


def _begins_there(layout: Layout, lines: tuple[str, ...]) -> bool:
    """Tell whether joined lines are of this form: one of the dates has its check digit there."""
    trust = check(layout, lines).trust
    return any(trust[name] in (Trust.CHECKED, Trust.REPAIRED) for name in ("birth", "expiry"))


def _lines(layout: Layout, text: str) -> tuple[str, ...]:
    return tuple(text[at : at + layout.width] for at in range(0, layout.size, layout.width))


def _framed(pieces: Sequence[str]) -> Iterator[tuple[Layout, tuple[str, ...]]]:
    """Give the zones that hold among those with something before or after the lines."""
    for layout in LAYOUTS.values():
        for text in (*_inside("".join(pieces), layout.size), *_each_framed(pieces, layout)):
            if layout_of(layout.width, text) is not layout:
                continue
            lines = _lines(layout, text)
            if _is_plausible(layout, lines):
                yield layout, lines


def _inside(text: str, size: int) -> Iterator[str]:
    if size <= len(text) <= size + MOST_EXTRA:
        yield from (text[at : at + size] for at in range(len(text) - size + 1))


def _each_framed(pieces: Sequence[str], layout: Layout) -> Iterator[str]:
    """Take as many characters off the beginning of each line, and off its end."""
    widths = {len(piece) for piece in pieces}
    if len(pieces) == layout.lines and len(widths) == 1:
        columns = [list(_inside(piece, layout.width)) for piece in pieces]
        yield from map("".join, zip(*columns, strict=True))


def _is_plausible(layout: Layout, lines: tuple[str, ...]) -> bool:
    fields = layout.fields
    letters = fields["code"].of(lines)[0] + fields["names"].of(lines).replace("<", "")
    return (
        letters.isalpha()
        and state(fields["issuer"].of(lines)).is_known
        and check(layout, lines).holds
    )


def _faults(rows: Sequence[str], *, is_ambiguous: bool) -> list[Fault]:
    if is_ambiguous:
        message = "there are characters before or after the lines, and no telling how many"
        return [Fault(0, 0, "ambiguous", message)]
    if not any(len(row) >= min(_WIDTHS) for row in rows):
        return [Fault(0, 0, "no-zone", "holds no line of 30, 36 or 44 characters")]
    found = []
    for number, row in enumerate(rows, 1):
        strange = next((at for at, c in enumerate(row, 1) if c not in ALPHABET and c > " "), 0)
        if strange and strange < len(row):
            message = "holds a character other than A to Z, 0 to 9 and <"
            found.append(Fault(number, strange, "character", message))
        elif len(row) not in _WIDTHS:
            message = f"has {len(row)} characters; a zone has 3 lines of 30, or 2 of 36 or 44"
            found.append(Fault(number, 0, "length", message))
    return found or [Fault(0, 0, "length", "must be 3 lines of 30 characters, or 2 of 36 or 44")]
