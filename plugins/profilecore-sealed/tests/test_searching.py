"""A sealed store finds whom a plain one finds, each once, in an order of its own that stays."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from profilecore import Engine
from profilecore.store import MemoryStore
from profilecore.testing.guests import generate_guests
from profilecore_sealed import FileKeyring, SealedStore


def guests() -> Iterator[dict[str, Any]]:
    """Yield guests with a reference each, as a source delivers them; local numbers left out."""
    for row in generate_guests(300, seed=7):
        guest = row.profile | {"external_ids": [{"system": "test", "value": row.key}]}
        phones = [phone for phone in guest.get("phones", ()) if phone["value"].startswith("+")]
        yield guest | {"phones": phones}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    """Give a plain and a sealed engine with the same guests."""
    keyring = FileKeyring(tmp_path_factory.mktemp("keys") / "guests.keys")
    engines = Engine(MemoryStore()), Engine(SealedStore(MemoryStore(), keyring))
    for guest in guests():
        for engine in engines:
            engine.create(guest)
    yield engines
    for engine in engines:
        engine.close()


def found(engine: Engine, text: str, size: int) -> list[str]:
    """Give the references of those found, page by page."""
    names: list[str] = []
    cursor = None
    while True:
        page = engine.search(text, limit=size, cursor=cursor)
        names += [profile.external_ids[0].value for profile in page.items]
        if page.next is None:
            return names
        cursor = page.next


def queries(random: Random) -> Iterator[str]:
    """Yield what is typed at a desk: beginnings of names, two of them, addresses and numbers."""
    for guest in guests():
        first, last = guest.get("first_name") or "", guest.get("last_name") or ""
        cut = random.randint(1, 14)
        yield random.choice((last[:cut], f"{last[:cut]} {first[:2]}", f"{first[:cut]} {last[:1]}"))
        for email in guest.get("emails", ()):
            yield email["value"][: random.randint(3, 40)]
        for phone in guest["phones"]:
            yield phone["value"][: random.randint(5, 14)]


def test_everybody_is_found_whom_a_plain_store_finds(both: tuple[Engine, Engine]) -> None:
    plain, sealed = both
    asked = sorted(set(queries(Random(3))))
    hits = 0
    for text in asked:
        wanted = found(plain, text, 500)
        assert sorted(found(sealed, text, 500)) == sorted(wanted), text
        hits += len(wanted)
    assert len(asked) > 200
    assert hits > 500


@pytest.mark.parametrize("size", [1, 3, 50])
def test_pages_together_are_the_whole_result(both: tuple[Engine, Engine], size: int) -> None:
    _, sealed = both
    for text in ("a", "ma", "s a", "jo"):
        whole = found(sealed, text, 500)
        assert len(whole) == len(set(whole)) > 1
        assert found(sealed, text, size) == whole
