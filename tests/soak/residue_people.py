"""People with a mark in every personal value, and the life they lead in the engine."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import attrs
from markers import cyrillic, marks

from profilecore import Engine
from profilecore.store import Store

CONFIG = {"custom_fields": {"nickname": "personal", "club": "personal"}, "region": "DE"}
# Fields whose values come from a fixed list or a calendar, so that they can bear no mark.
CODED = frozenset(
    {
        "title", "sex", "birth_date", "birth_country", "birth_subdivision", "nationalities",
        "languages", "country_of_residence", "classifications", "relationships", "provenance",
    }
)  # fmt: skip
BEGINNINGS = ("", "B", "Ro", "Ána", "Schön", "O'", "Mac ", "van der ", "Zuñiga y ")


@attrs.define
class Person:
    """A person's marks, and the ids they got."""

    word: str
    number: str
    id: str = ""


def row(person: Person, random: Random) -> dict[str, Any]:
    """Give every personal field a value that ends in a mark of the person."""
    word, number = person.word, person.number

    def text(capital: bool = False) -> str:
        own = word.capitalize() if capital else word
        return f"{random.choice(BEGINNINGS)}{own}"

    def lines(count: int) -> str:
        return "\n".join(f"{n} {text()}" for n in range(count))

    # Long enough, now and then, to take pages of its own.
    long = lines(random.choice((1, 20, 400)))
    return {
        "first_name": text(capital=True),
        "middle_name": text(),
        "last_name": text(capital=True),
        "second_last_name": word.upper(),
        "name_prefix": f"P {word}",
        "name_suffix": f"S {word}",
        "alternate_names": [
            {"type": "former", "first_name": f"Я{cyrillic(word)}", "last_name": text()},
            {"type": "nickname", "first_name": text()},
        ],
        "birth_place": text(),
        "emails": [
            {"value": f"Mail.{random.randrange(1000)}.{word.upper()}@Example.com"},
            {"value": f"{word}@{word}.example"},
        ],
        "phones": [{"value": f"0049-{number}"}, f"+49{number}"],
        "addresses": [
            {"line1": text(), "line2": text(), "city": text(), "postal_code": number[:12]},
            {"text": f"{text()}\n{text()}"},
        ],
        "documents": [
            {
                "type": "passport", "country": "DE", "number": f"P {word}", "raw": f"p-{word}",
                "issuing_place": text(), "issuing_authority": text(), "support_number": number,
            },
            {"type": "dni", "country": "ES", "number": number},
        ],
        "tax_ids": [{"value": f"T{word}", "type": "vat"}],
        "occupation": text(),
        "car_registration": f"B {word}",
        "company_id": f"c{word}",
        "company_name": text(),
        "accounting_code": f"a{word}",
        "billing_code": f"b{number}",
        "dietary_requirements": lines(5),
        "accessibility": text(),
        "preferences": [{"group": "room", "code": "floor", "value": text()}],
        "category": f"k{word}",
        "tags": [f"t{word}", "regular"],
        "marketing_source": f"m{word}",
        "restrictions": [{"kind": "problematic", "reason_code": f"r{word}", "text": text()}],
        "notes": [{"text": lines(25)}, {"text": text(), "property_id": "P1"}],
        "consents": [
            {"purpose": "news", "status": "granted", "channel": "email", "evidence": text()},
        ],
        "external_ids": [{"system": "pms", "value": f"x{word}"}],
        "custom": {"nickname": text(), "club": {"name": text(), "since": [number]}},
        "facets": {"absent": {"note": text(), "deep": {"list": [number, long]}}},
    }  # fmt: skip


def _file(person: Person, random: Random, size: int) -> bytes:
    """Give a file of random bytes in which a mark stands every now and then."""
    parts = [b"%PDF-1.7\n"]
    while size > 0:
        parts += [random.randbytes(600), person.word.encode(), person.number.encode()]
        size -= 624
    return b"".join(parts)


class Lives:
    """Some hundred people: entered, loaded, edited, merged, unmerged; with what they own."""

    def __init__(self, path: Path, store: Store, seed: int, count: int) -> None:
        self.path = path
        self.random = Random(seed)
        self.engine = Engine(store, discover=False, config={"profilecore": CONFIG})
        given = marks(self.random)
        self.people = [Person(*next(given)) for _ in range(count)]
        self.families: dict[str, set[str]] = {}
        self.versions = 0

    def live(self) -> None:
        """Let everything happen that leaves bytes behind."""
        loaded = len(self.people) * 3 // 10
        self._load(self.people[:loaded])
        for person in self.people[loaded:]:
            key = f"request {person.word} {person.number}"
            person.id = self.engine.create(row(person, self.random), key=key).id
        for person in self.people:
            self.families[person.id] = {person.word, person.number}
            self._edit(person)
            self._own(person)
            self._edit(person)
        for person in self.random.sample(self.people, 3):
            content = _file(person, self.random, 1_200_000)
            self.engine.attach(person.id, f"{person.word}.pdf", content)
        self._relate()
        self._merge()

    def _load(self, people: list[Person]) -> None:
        rows = [row(person, self.random) for person in people]
        for number, values in enumerate(rows):
            if number % 3 == 0:
                del values["external_ids"]
        half = len(rows) // 2
        self._take_in(rows[:half])
        # Once more with additions to what is there: those without an id are recognised.
        again = rows[:half] + rows[half:]
        for person, values in zip(people, again, strict=True):
            if "external_ids" in values:
                values["notes"] = [{"text": f"second delivery {person.word}"}]
        self._take_in(again)
        for person in people:
            (found,) = self.engine.search(person.number).items
            person.id = found.id

    def _take_in(self, rows: list[dict[str, Any]]) -> None:
        rejected: list[Any] = []
        self.engine.load(rows, source="pms", job="j", workers=0, on_reject=rejected.append)
        assert [reject.problems for reject in rejected] == []

    def _edit(self, person: Person) -> None:
        values = row(person, self.random)
        names = self.random.sample(sorted(values), 12)
        changed = {name: values[name] for name in names} | {"birth_place": values["birth_place"]}
        self.engine.update(person.id, changed)
        self.versions += 1

    def _own(self, person: Person) -> None:
        engine, word = self.engine, person.word
        stay = {
            "property_id": "P1", "reference": f"ref {word}", "unit": f"u{word}",
            "companions": [f"mit {word}"], "references": [f"ota {word}"],
            "arrival": "2026-05-01", "departure": "2026-05-04",
        }  # fmt: skip
        engine.record_stay(person.id, stay)
        engine.record_stay(person.id, stay | {"unit": f"v{word}"})
        hold = engine.place_hold(person.id, kind=f"bill {word}", ref=f"no {person.number}")
        engine.release_hold(hold.id)
        if self.random.random() < 0.3:
            content = _file(person, self.random, self.random.choice((700, 9_000, 60_000)))
            made = engine.attach(person.id, f"scan {word}.pdf", content)
            if self.random.random() < 0.3:
                engine.detach(made.id)

    def _relate(self) -> None:
        for person in self.random.sample(self.people, len(self.people) // 10):
            other = self.random.choice(self.people)
            if other is not person:
                edges = [{"type": "spouse", "profile_id": other.id}]
                self.engine.update(person.id, {"relationships": edges})

    def _merge(self) -> None:
        wanted = self.random.sample(self.people, len(self.people) // 3 // 2 * 2)
        pairs = zip(wanted[::2], wanted[1::2], strict=True)
        for number, (survivor, loser) in enumerate(pairs):
            plan = self.engine.plan_merge(survivor.id, [loser.id])
            merge = self.engine.merge(plan, key=f"merge {loser.word}")
            if number % 2:
                assert self.engine.unmerge(merge.id).exact
            else:
                self.families[survivor.id] |= self.families.pop(loser.id)

    def roots(self) -> list[str]:
        """Give the ids of those who may be cleared, in random order."""
        ids = list(self.families)
        self.random.shuffle(ids)
        return ids
