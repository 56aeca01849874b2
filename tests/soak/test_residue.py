"""When a receipt says erased, no byte of the store's files holds a value of the person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import attrs
import pytest

pytest.importorskip("profilecore_sqlite")

from broken_stores import NothingScrubbed, OnlyCheckpointed, broken, idle_reader
from markers import Finder
from residue_people import CODED, CONFIG, Lives, Person, row
from soaked_stores import Kind, on_kinds_for
from soaking import Soak

from profilecore import Engine, Profile
from profilecore.model.documents import ReceiptStatus
from profilecore.model.fields import Clear, rules_of
from profilecore.store import Store

pytestmark = [
    pytest.mark.soak,
    pytest.mark.shows_values("kinds of holds are codes, which show, and bear a mark here"),
]

Opener = Callable[[Path], Store]


@attrs.define
class Figures:
    """What the search of the files came to."""

    people: int = 0
    cleared: int = 0
    profiles: int = 0
    versions: int = 0
    scans: int = 0
    bytes_read: int = 0
    hits: list[str] = attrs.field(factory=list)
    unseen: int = 0
    unfinished: list[str] = attrs.field(factory=list)


class Clearing:
    """Clears some of the people in every way there is, and looks through the files each time."""

    def __init__(self, lives: Lives, opener: Opener, finder: Finder, figures: Figures) -> None:
        self._lives, self._opener, self._finder, self.figures = lives, opener, finder, figures
        self._engine = lives.engine
        self._living = set().union(*lives.families.values())
        self._gone: set[str] = set()

    def one_by_one(self, ids: list[str]) -> None:
        """Clear, and look at once."""
        for id in ids:
            receipt = self._engine.clear(id)
            self._note(id)
            self._expect(receipt.status is ReceiptStatus.ERASED, f"{id} is pending")
            self._look(id)

    def in_a_batch(self, ids: list[str]) -> None:
        """Clear many, scrub once."""
        settings = {"profilecore": CONFIG | {"scrub": "deferred"}}
        with Engine(self._opener(self._lives.path), discover=False, config=settings) as engine:
            for id in ids:
                receipt = engine.clear(id)
                self._note(id)
                self._expect(receipt.status is ReceiptStatus.PENDING, f"{id} is not pending")
            self._expect(engine.scrub() == len(ids), "the scrub left some pending")
            for id in ids:
                self._expect(engine.receipt(id).status is ReceiptStatus.ERASED, f"{id} pending")
            self._look("a batch")

    def behind_a_snapshot(self, id: str) -> None:
        """Clear while a reader holds an older state; it is erased by itself once that has gone."""
        with closing(idle_reader(self._opener, self._lives.path)) as other:
            with other.read() as reader:
                reader.count("profile")
                receipt = self._engine.clear(id)
                self._note(id)
                self._expect(receipt.status is ReceiptStatus.PENDING, "erased under a reader")
            self._engine.update(next(iter(self._lives.families)), {"occupation": "anything"})
            status = self._engine.receipt(id).status
            self._expect(status is ReceiptStatus.ERASED, "pending after the next write")
            self._look(id)

    def no_hash(self, people: list[Person]) -> None:
        """Look for the digests that anybody can compute."""
        gone = [p for p in people if p.word in self._gone]
        needles = [
            digest
            for person in gone
            for value in (f"{person.word}@{person.word}.example", f"+49{person.number}")
            for name in ("md5", "sha1", "sha256", "blake2b")
            for digest in _forms(hashlib.new(name, value.encode()).digest())
        ]
        found = self._finder.holds(self._engine.store.files(), needles)
        self.figures.hits += ["a digest of an address or number"] * found

    def _note(self, id: str) -> None:
        marks = self._lives.families.pop(id)
        self._gone |= marks
        self._living -= marks
        self.figures.cleared += 1
        self.figures.profiles += len(marks) // 2

    def _expect(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            self.figures.unfinished.append(otherwise)

    def _look(self, what: str) -> None:
        found = self._finder.find(self._engine.store.files())
        present = set().union(*found.values())
        self.figures.scans += 1
        self.figures.unseen += len(self._living - present)
        for encoding, marks in found.items():
            self.figures.hits += [f"{what}: {mark} in {encoding}" for mark in marks & self._gone]


def _forms(digest: bytes) -> list[bytes]:
    return [digest, digest.hex().encode(), digest.hex().upper().encode()]


def clear_and_look(directory: Path, opener: Opener, seed: int, count: int, into: Figures) -> None:
    """Let people live in a store, clear some, and look for what is left of them."""
    path = directory / f"{seed}.db"
    lives = Lives(path, opener(path), seed, count)
    with lives.engine, Finder() as finder:
        lives.live()
        into.people += count
        with closing(idle_reader(opener, path)):
            clearing = Clearing(lives, opener, finder, into)
            ids = lives.roots()
            single, batch = len(ids) * 15 // 100, len(ids) * 5 // 100
            clearing.one_by_one(ids[:single])
            clearing.in_a_batch(ids[single : single + batch])
            clearing.behind_a_snapshot(ids[single + batch])
            clearing.no_hash(lives.people)
        into.unfinished += lives.engine.store.check()
        into.bytes_read += finder.bytes_read
        # Each profile was written when it was entered and at each of two edits.
        into.versions = 3 * into.profiles


@on_kinds_for("residue")
def test_nothing_of_a_cleared_person_is_left_in_any_byte(
    soak: Soak, tmp_path: Path, kind: Kind
) -> None:
    figures = Figures()
    seeds = [soak.seed + n for n in range(soak.size(3, 12))]
    for seed in seeds:
        clear_and_look(tmp_path, kind.open, seed, soak.size(60, 300), figures)
    soak.tell(
        stores=len(seeds),
        people=figures.people,
        people_cleared=figures.cleared,
        profiles_cleared=figures.profiles,
        versions_erased=figures.versions,
        searches_of_all_files=figures.scans,
        megabytes_read=figures.bytes_read >> 20,
        hits=len(figures.hits),
        living_unseen=figures.unseen,
    )
    assert figures.hits == []
    assert figures.unseen == 0
    assert figures.unfinished == []


@pytest.mark.parametrize("kind", [NothingScrubbed, OnlyCheckpointed])
def test_a_store_that_does_not_scrub_is_found_out(
    soak: Soak, tmp_path: Path, kind: type[NothingScrubbed | OnlyCheckpointed]
) -> None:
    figures = Figures()
    clear_and_look(tmp_path, broken(kind), soak.seed, soak.size(40, 100), figures)
    found = {hit.split()[1] for hit in figures.hits}
    soak.tell(store=kind.__name__, people_cleared=figures.cleared, marks_found=len(found))
    assert found


def test_every_personal_field_bears_a_mark(soak: Soak) -> None:
    person = Person("zvgdabegiklm", "908171234567")
    values = row(person, Random(soak.seed))
    personal = {n for n, rule in rules_of(Profile).items() if rule.clear is not Clear.KEEP}
    assert values.keys() == personal - CODED
