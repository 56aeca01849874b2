"""The people behind the synthetic guests: who they are, and how they are misspelt.

All chance comes from :meth:`random.Random.random`, and arithmetic is that of integers and
products: no hash and no mathematical library of the platform has a say in the outcome.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from random import Random

import attrs

from profilecore.testing import _names
from profilecore.testing._names import NATIONS, Nation

TODAY = date(2025, 6, 30)  # the day on which the systems were read

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_SERIAL = "0123456789CFGHJKLMNPRTVWXYZ"
_STEP = 7_654_321  # coprime to ten: walks through every number of a range before one comes twice
_TWO_SURNAMES = frozenset({"ES", "PT"})
_NO_CARD = frozenset({"GB", "US", "JP"})

Draw = Callable[[], float]
Family = tuple[int, ...]  # the ranks of a surname's parts


@lru_cache(maxsize=65_536)
def to_ascii(text: str) -> str:
    """Write a name without accents and in Latin letters."""
    parted = unicodedata.normalize("NFKD", text.translate(_names.TO_ASCII))
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


@lru_cache(maxsize=65_536)
def _slug(text: str) -> str:
    return "".join(letter for letter in to_ascii(text).lower() if letter.isalnum())


def index(draw: Draw, size: int) -> int:
    return int(draw() * size)


def zipf(draw: Draw, size: int) -> int:
    """Draw a rank below ``size``, with a frequency of about 1 / (rank + 1)."""
    width = 1 << int(draw() * size.bit_length())
    rank = width - 1 + int(draw() * width)
    return rank if rank < size else 2 * size - 1 - rank


def fill(pattern: str, draw: Draw) -> str:
    alphabets = {"#": "0123456789", "@": _LETTERS, "%": _SERIAL}
    return "".join(
        alphabet[index(draw, len(alphabet))] if (alphabet := alphabets.get(mark)) else mark
        for mark in pattern
    )


def dni(number: int) -> str:
    """Give the Spanish identity number with its check letter."""
    return f"{number:08d}{_DNI_LETTERS[number % 23]}"


def nie(number: int) -> str:
    """Give the Spanish number of a foreign resident: X, Y or Z for the first of eight digits."""
    return f"{'XYZ'[number // 10**7]}{number % 10**7:07d}{_DNI_LETTERS[number % 23]}"


Spelled = tuple[str, str]  # as people write it, and as it stands in an e-mail address


def _spell(names: Iterable[str]) -> tuple[Spelled, ...]:
    return tuple((name, _slug(name)) for name in names)


class Pool:
    """What is drawn from for one nation, prepared."""

    def __init__(self, nation: Nation) -> None:
        self.nation = nation
        self.given = (_spell(nation.male), _spell(nation.female))
        women = [_names.feminine(nation.code, name) for name in nation.surnames]
        self.surnames = (_spell(nation.surnames), _spell(women))
        starts = dict.fromkeys(_start(name) for name in nation.surnames)
        self.starts = _spell(f"{start}{middle}" for start in starts for middle in nation.middles)
        women = [_names.feminine(nation.code, name) for name in nation.endings]
        self.endings = (_spell(nation.endings), _spell(women))
        self.size = len(nation.surnames) + len(self.starts) * len(self.endings[0])
        self.cities = tuple(tuple(place.split(":")) for place in nation.places)

    def surname(self, rank: int, sex: int) -> Spelled:
        """Give the surname of a rank: a known one, or one made of parts."""
        known = self.surnames[sex]
        if rank < len(known):
            return known[rank]
        ending, start = divmod(rank - len(known), len(self.starts))
        head, tail = self.starts[start], self.endings[sex][ending]
        return (head[0] + tail[0], head[1] + tail[1])

    def first_name(self, draw: Draw, sex: int) -> Spelled:
        names = self.given[sex]
        name = names[(index if draw() < 0.5 else zipf)(draw, len(names))]
        if self.nation.joiner and draw() < 0.12:
            other = names[index(draw, len(names))]
            return (f"{name[0]}{self.nation.joiner}{other[0]}", name[1] + other[1])
        return name

    def phones(self, start: int) -> Iterator[str]:
        """Give telephone numbers, none twice before the ranges are used up."""
        ranges = []
        for pattern in self.nation.phones:
            known = "".join(filter(str.isdigit, pattern))
            ranges.append((f"+{self.nation.dial}{known}", 10 ** pattern.count("#")))
        number = start
        while True:
            for known, size in ranges:
                yield known + str(size + number % size)[1:]
                number += 1_370
            number += _STEP - 1_370 * len(ranges)

    def national(self, phone: str) -> str:
        """Write a telephone number as people of the country do."""
        digits = phone[1 + len(self.nation.dial) :]
        for pattern in self.nation.phones:
            if digits.startswith("".join(filter(str.isdigit, pattern))):
                left = iter(digits)
                grouped = (mark if mark in " -" else next(left) for mark in pattern)
                return self.nation.trunk + "".join(grouped)
        return phone

    def document(self, kind: str, draw: Draw) -> str:
        if kind == "drivers_license":
            return fill("########", draw)
        pattern = self.nation.passport if kind == "passport" else self.nation.card
        return dni(index(draw, 10**8)) if pattern == "DNI" else fill(pattern, draw)

    def street(self, draw: Draw) -> str:
        street, number = self.nation.streets[index(draw, len(self.nation.streets))], draw()
        house = 1 + int(number * number * 180)
        return f"{house} {street}" if self.nation.number_first else f"{street} {house}"

    def place(self, draw: Draw) -> tuple[str, str]:
        city, code = self.cities[index(draw, len(self.cities))]
        return city, fill(code, draw)


def _start(surname: str) -> str:
    """Give the first letters of a surname, up to a consonant."""
    word = surname.split()[-1].split("'")[-1]
    end = 4
    while end > 2 and to_ascii(word[end - 1 : end]).lower() in {"", *"aeiou"}:
        end -= 1
    return word[:end].capitalize()


@lru_cache(maxsize=1)
def pools() -> dict[str, Pool]:
    return {code: Pool(nation) for code, nation in NATIONS.items()}


@lru_cache(maxsize=1)
def wheel_of_nations() -> tuple[Pool, ...]:
    """Every nation as often as its weight."""
    return tuple(pool for pool in pools().values() for _ in range(pool.nation.weight))


@attrs.define
class Person:
    number: int
    pool: Pool
    home: Pool  # where they live
    sex: int  # 0 male, 1 female
    first: str
    last: str
    second: str
    born: date
    birth: date | None  # as told
    email: str
    phone: str
    address: tuple[str, str, str, str]  # line, second line, city, postal code
    document: tuple[str, str, str]  # type, number, country
    is_child: bool


@attrs.define
class Household:
    """What the members share."""

    pool: Pool
    home: Pool
    phone: str
    address: tuple[str, str, str, str]
    taken: set[str]  # first names in use


class People:
    def __init__(self, seed: int) -> None:
        self.draw = Random(seed).random
        self.phones = {code: pool.phones(index(self.draw, 10**8)) for code, pool in pools().items()}
        self.number = 0

    def pick(self, items: tuple[str, ...]) -> str:
        return items[index(self.draw, len(items))]

    def day(self, youngest: float, oldest: float) -> date:
        """Give the birth date of somebody of an age."""
        age = youngest + (oldest - youngest) * self.draw()
        return TODAY - timedelta(days=int(age * 365.25) + 1)

    def all(self, wanted: int) -> Iterator[Person]:
        while True:
            for person in self.household():
                if self.number >= wanted:
                    return
                self.number += 1
                yield person

    def household(self) -> Iterator[Person]:
        """Make people who share surname, address and telephone, or one who lives alone."""
        draw = self.draw
        wheel = wheel_of_nations()
        pool = wheel[index(draw, len(wheel))]
        home = wheel[index(draw, len(wheel))] if draw() < 0.06 else pool
        city, code = home.place(draw)
        flat = self.pick(_names.FLATS) if draw() < 0.2 else ""
        shared = Household(
            pool=pool,
            home=home,
            phone=next(self.phones[home.nation.code]),
            address=(home.street(draw), flat, city, code),
            taken=set(),
        )
        family, kind = (self.family_name(pool), self.family_name(pool)), draw()
        if kind >= 0.25:  # alone: young adults and pensioners alike
            yield self.member(shared, family, self.day(18, 54 + 36 * draw()))
        elif kind < 0.05:  # brothers or sisters; twins have one birth date
            birth = self.day(18, 88)
            other = birth if kind < 0.015 else birth - timedelta(days=400 + index(draw, 2000))
            yield self.member(shared, family, birth)
            yield self.member(shared, family, max(other, TODAY - timedelta(days=90 * 365)))
        else:
            yield from self.couple(shared, family, with_children=kind < 0.12)

    def couple(
        self, shared: Household, family: tuple[Family, Family], with_children: bool
    ) -> Iterator[Person]:
        draw = self.draw
        birth = self.day(28, 50 if with_children else 86)
        one = self.member(shared, family, birth, sex=0)
        yield one
        own = (self.family_name(shared.pool), self.family_name(shared.pool))
        keeps_name = shared.pool.nation.code in _TWO_SURNAMES or draw() < 0.25
        birth += timedelta(days=index(draw, 2400) - 1200)
        two = self.member(shared, own if keeps_name else family, birth, sex=1)
        yield attrs.evolve(two, email=one.email) if draw() < 0.15 else two
        oldest = min(17.9, (TODAY - max(one.born, two.born)).days / 365.25 - 19)
        birth = self.day(0, oldest)
        for _ in range(1 + index(draw, 3) if with_children else 0):
            yield self.member(shared, (family[0], own[0]), birth)
            if draw() >= 0.06:  # else the next one is a twin
                birth = self.day(0, oldest)

    def family_name(self, pool: Pool) -> Family:
        draw = self.draw
        ranks = [
            zipf(draw, len(pool.nation.surnames) if draw() < 0.7 else pool.size)
            for _ in range(2 if draw() < pool.nation.double else 1)
        ]
        return tuple(ranks)

    def member(
        self, shared: Household, family: tuple[Family, Family], birth: date, sex: int | None = None
    ) -> Person:
        draw, pool, home = self.draw, shared.pool, shared.home
        if sex is None:
            sex = index(draw, 2)
        first = pool.first_name(draw, sex)
        while first[0] in shared.taken:
            first = pool.first_name(draw, sex)
        shared.taken.add(first[0])
        last, second = ([pool.surname(rank, sex) for rank in ranks] for ranks in family)
        person = Person(
            number=self.number + 1,
            pool=pool,
            home=home,
            sex=sex,
            first=first[0],
            last="-".join(name for name, _ in last),
            second=second[0][0] if pool.nation.code in _TWO_SURNAMES else "",
            born=birth,
            birth=birth,
            email="",
            phone="",
            address=shared.address,
            document=("", "", ""),
            is_child=(TODAY - birth).days < 18 * 365.25,
        )
        kind = "passport" if draw() < 0.5 else "identity_card"
        if not person.is_child:
            person.email = self.email(person)
            person.phone = shared.phone
            kind = "drivers_license" if draw() < 0.1 else kind
        person.document = self.document(person, kind)
        return person

    def email(self, person: Person) -> str:
        first, last = _slug(person.first), _slug(person.last)
        name = (f"{first}.{last}", f"{first[0]}{last}", f"{last}.{first}")[index(self.draw, 3)]
        return f"{name}{person.number % 10**6}@{self.pick(_names.DOMAINS)}"

    def document(self, person: Person, kind: str) -> tuple[str, str, str]:
        nation = person.pool.nation.code
        if kind == "identity_card" and person.home.nation.code == "ES" != nation:
            return kind, nie(index(self.draw, 3 * 10**7)), "ES"
        if kind == "identity_card" and nation in _NO_CARD:
            kind = "passport"
        return kind, person.pool.document(kind, self.draw), nation

    def distorted(self, person: Person) -> Person:
        """Tell one to three things of a person differently."""
        again = attrs.evolve(person)
        chance = self.draw()
        changes = 1 if chance < 0.5 else 2 if chance < 0.85 else 3
        while changes:
            before = attrs.evolve(again)
            _DISTORTIONS[index(self.draw, len(_DISTORTIONS))](self, again)
            changes -= again != before
        return again

    def typo(self, person: Person) -> None:
        text = person.last if self.draw() < 0.6 else person.first
        at = 1 + index(self.draw, max(1, len(text) - 2))
        wrong = (
            text[:at] + text[at + 1 :],
            text[:at] + text[at : at + 1] + text[at:],
            text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
            text[:at] + "aeinrst"[index(self.draw, 7)] + text[at + 1 :],
        )[index(self.draw, 4)]
        if text == person.last:
            person.last = wrong
        else:
            person.first = wrong

    def no_accents(self, person: Person) -> None:
        person.first, person.last = to_ascii(person.first), to_ascii(person.last)
        person.second = to_ascii(person.second)

    def nickname(self, person: Person) -> None:
        name = person.first.split(" ")[0].split("-")[0]
        person.first = _names.NICKNAMES.get(name, person.first)

    def initial(self, person: Person) -> None:
        person.first = f"{person.first[0]}."

    def married(self, person: Person) -> None:
        if person.sex and not person.is_child and not person.second:
            name = person.pool.surname(self.family_name(person.pool)[0], 1)[0]
            person.last = name if self.draw() < 0.6 else f"{person.last}-{name}"

    def one_surname(self, person: Person) -> None:
        person.second = ""

    def swapped(self, person: Person) -> None:
        person.first, person.last = person.last, person.first

    def other_phone(self, person: Person) -> None:
        if person.phone:
            person.phone = next(self.phones[person.home.nation.code])

    def other_email(self, person: Person) -> None:
        if person.email:
            person.email = self.email(person)

    def upper_case(self, person: Person) -> None:
        person.first, person.last = person.first.upper(), person.last.upper()
        person.second = person.second.upper()

    def no_birth_date(self, person: Person) -> None:
        person.birth = None


_DISTORTIONS: tuple[Callable[[People, Person], None], ...] = (
    People.typo, People.typo, People.no_accents, People.no_accents, People.nickname,
    People.nickname, People.initial, People.married, People.one_surname, People.swapped,
    People.other_phone, People.other_email, People.upper_case, People.no_birth_date,
)  # fmt: skip
