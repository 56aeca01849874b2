"""The keys under which a stored profile meets those that may be the same person.

They are kept in the store's index with the profile's other keys: erased with it, renewed with it.
E-mail addresses, telephones and documents have keys of the engine's own; these are for people of
whom none of that is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

from profilecore_duplicates.records import FIELDS, Row, views
from profilecore_duplicates.single import Standard, standard_row

if TYPE_CHECKING:
    from profilecore.model import Profile

Key = tuple[str, str]
SORT = "alike"
# Each rule names parts that must all be there and be the same; those of a name are brought to
# their root or sound first.  They are the rules of a batch that find what no contact finds.
RULES: tuple[tuple[str, ...], ...] = (
    ("names",), ("last", "born"), ("initial", "born"), ("born", "postcode"), ("born", "city"),
    ("last", "postcode"), ("last4", "first3", "city"), ("last", "initial", "city"),
    ("last4", "first3", "monthday"), ("last4", "initial", "year"), ("first", "street", "house"),
    ("local",),
)  # fmt: skip


def keys_of(profile: Profile) -> Iterator[Key]:
    """Yield the (sort, value) pairs of a profile: a term source."""
    return alike_keys(map(standard_row, views(row_of(profile))))


def alike_keys(standard: Iterable[Standard]) -> Iterator[Key]:
    """Yield the keys of standard records, each once."""
    seen = set()
    for row in standard:
        parts = _parts(row)
        for number, rule in enumerate(RULES):
            found = [parts.get(part) for part in rule]
            if all(found):
                value = f"{number}:{'|'.join(str(part) for part in found)}"
                if value not in seen:
                    seen.add(value)
                    yield SORT, value


def _parts(row: Standard) -> dict[str, str]:
    parts = {name: str(value) for name, value in row.items()}
    first, last = parts.get("root", ""), parts.get("last_sound", "")
    sound, born = parts.get("first_sound", ""), parts.get("born", "")
    made = {
        # Whichever of the two stands first.
        "names": "|".join(sorted((sound, last))) if sound and last else "",
        "first": first,
        "last": last,
        "last4": last[:4],
        "first3": sound[:3],
        "initial": parts.get("first", "")[:1],
        "born": born,
        "year": born[:4],
        "monthday": born[4:] if born[6:] not in ("", "00") else "",
        "local": local if len(local := parts.get("local", "")) >= 4 else "",
    }
    return made | {n: parts.get(n, "") for n in ("postcode", "city", "street", "house")}


def row_of(profile: Profile) -> Row:
    """Give the plain fields of a profile that matching reads."""
    return {name: _plain(getattr(profile, name)) for name in FIELDS}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_part(item) for item in value]
    return value


def _part(item: Any) -> dict[str, Any]:
    # Of an enumeration what is stored of it.
    return {k: v.value if isinstance(v, Enum) else v for k, v in vars(item).items()}
