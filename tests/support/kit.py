"""What many tests need: a clock, ids, full dumps of a store, and random profiles."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from profilecore import Actor, Engine, Profile, hookimpl
from profilecore.model import Sensitivity, enums
from profilecore.rules.changing import Border, new_profile
from profilecore.rules.occasion import Occasion
from profilecore.store import MemoryStore, Store

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8
P1 = Actor("desk-1", property_id="P1")
P2 = Actor("desk-2", property_id="P2")

# Timing never decides, and one run is like the next.
steady = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def examples(count: int) -> settings:
    """Give the settings of a property test that tries so many examples."""
    return settings(steady, max_examples=count)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **much: float) -> None:
        self.now += timedelta(**much)


class Ids:
    """Ids in the order in which they are asked for; safe between threads."""

    def __init__(self, prefix: str = "id") -> None:
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            return f"{self._prefix}{next(self._numbers):06d}"


def open_engine(store: Store | None = None, **options: Any) -> Engine:
    """Open an engine on a store, with a clock and ids that tests control."""
    options = {"clock": Clock(), "new_id": Ids(), "discover": False} | options
    return Engine(MemoryStore() if store is None else store, **options)


class KeepsElsewhere:
    """A plugin that keeps texts about people outside the store, and may fail to erase them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.held: dict[str, str] = {}
        self.fails = False

    @hookimpl
    def profilecore_register_elsewhere(self, register: Callable[[Any], None]) -> None:
        register(self)

    def export(self, profile_ids: Any) -> Any:
        return [self.held[id] for id in profile_ids if id in self.held]

    def erase(self, profile_ids: Any) -> int:
        if self.fails:
            raise OSError("ana@example.org")
        return sum(self.held.pop(id, None) is not None for id in profile_ids)


def dump(store: Any) -> dict[str, Any]:
    """Give everything a memory store holds, as values that compare."""
    inner = getattr(store, "inner", store)
    kept = inner._writer
    return {
        "rows": {
            where: (row.number, row.document, sorted(row.terms.keys), sorted(row.terms.rows()))
            for where, row in kept._rows.items()
        },
        "order": list(kept._order),
        "keys": {key: dict(holders) for key, holders in kept._keys.items()},
        "words": list(kept._words),
        "events": list(kept._events),
        "blobs": dict(kept._blobs),
    }


def all_text(store: Any) -> str:
    """Give everything a memory store holds as one case-folded text, to look for leftovers."""
    kept = getattr(store, "inner", store)._writer
    assert not kept.undo, "the undo log of a finished transaction is empty"
    held = [
        *(repr(attrs.asdict(row.document)) for row in kept._rows.values()),
        *(repr(row.terms.lines) for row in kept._rows.values()),
        repr(kept._words),
        *(repr(attrs.asdict(event)) for event in kept._events),
        *(content.decode("latin-1") for content in kept._blobs.values()),
    ]
    return "\n".join(held).casefold()


def run_threads(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Run work in threads that start together; give what they raised."""
    raised: list[BaseException] = []
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        gate.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  # handed to the test
            raised.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


# ---- random profiles

COUNTRIES = ("ES", "PT", "FR", "DE", "IT")
texts = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=12
).filter(lambda text: bool(text.strip()))
name_words = st.sampled_from(
    ("Ana", "García", "Núñez", "O'Brien", "Łukasz", "Søren", "Zoë", "Иван", "Müller", "De la Cruz")
)
emails = st.builds(
    "{}@{}".format,
    st.text("abcdefgh.", min_size=1, max_size=6).filter(
        lambda t: t[0] != "." and t[-1] != "." and ".." not in t
    ),
    st.sampled_from(("example.org", "example.com", "mail.example.net")),
)
phones = st.integers(600_000_000, 600_000_030).map("+34{}".format)
moments = st.integers(0, 5).map(lambda days: START - timedelta(days=days))


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def some(strategy: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=size)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
full = {
    "title": st.sampled_from([t.value for t in enums.Title]),
    "sex": st.sampled_from(list(enums.Sex)),
    "first_name": name_words,
    "middle_name": name_words,
    "second_last_name": name_words,
    "name_suffix": texts,
    "alternate_names": some(objects(first_name=optional(name_words), last_name=name_words)),
    "birth_date": st.sampled_from(("1984", "1984-05", "1984-05-17", "2000-02-29")),
    "birth_country": st.sampled_from(COUNTRIES),
    "nationalities": some(st.sampled_from(COUNTRIES)),
    "languages": some(st.sampled_from(("es", "pt-BR", "en"))),
    "emails": some(objects(value=emails, primary=st.booleans())),
    "phones": some(objects(value=phones, primary=st.booleans())),
    "addresses": some(objects(line1=texts, city=optional(texts), primary=st.booleans()), 2),
    "documents": some(
        objects(
            type=st.sampled_from(("passport", "dni")),
            number=st.sampled_from(("AB123", "X-77", "00123")),
            country=optional(st.sampled_from(COUNTRIES)),
            expires_on=optional(st.dates(date(2025, 1, 1), date(2030, 1, 1))),
            verified=st.booleans(),
        )
    ),
    "tax_ids": some(objects(value=st.sampled_from(("12345678Z", "B1")), country=st.just("ES")), 1),
    "occupation": texts,
    "company_name": texts,
    "dietary_requirements": texts,
    "preferences": some(objects(group=st.just("room"), code=texts, value=optional(texts)), 2),
    "classifications": some(st.sampled_from([c.value for c in enums.Classification])),
    "category": texts,
    "tags": some(st.sampled_from(("vip", "golf", "wine"))),
    "notes": some(objects(text=texts, at=moments), 2),
    "consents": some(
        objects(
            purpose=st.sampled_from(("news", "offers")),
            status=st.sampled_from([s.value for s in enums.ConsentStatus]),
            channel=optional(st.sampled_from([c.value for c in enums.Channel])),
            at=moments,
        )
    ),
    "external_ids": some(objects(system=st.sampled_from(("pms", "crm")), value=texts), 2),
    "custom": st.dictionaries(st.sampled_from(("pet", "car")), json_values, max_size=2),
    "facets": st.dictionaries(st.sampled_from(("club", "spa")), json_values, max_size=2).map(
        lambda facets: {name: {"held": value} for name, value in facets.items()}
    ),
}
given_profiles = st.fixed_dictionaries({"last_name": name_words}, optional=full)
BORDER = Border(custom_fields={"pet": Sensitivity.NONE, "car": Sensitivity.NONE})


@st.composite
def profiles(draw: st.DrawFn, id: str = "A") -> Profile:
    """Draw a stored profile: read as new, with its own time, source and verification."""
    occasion = Occasion(
        draw(moments) + timedelta(days=5),  # no consent is newer
        Actor(f"by-{id}"),
        Ids(f"{id}-item"),
        draw(st.sampled_from((None, "pms", "crm"))),
        draw(st.booleans()),
    )
    return new_profile(draw(given_profiles), id, occasion, BORDER)


def pages(engine: Engine, text: str = "", **options: Any) -> Iterator[Profile]:
    """Give all hits of a search, page by page."""
    cursor = None
    while True:
        page = engine.search(text, cursor=cursor, **options)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return
