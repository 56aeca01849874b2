"""Statistics: what is counted, for whom, and that small groups cannot be worked out."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import product
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Actor, Engine, InvalidProfile
from profilecore.engine import adding, extracting
from profilecore.engine.workers import Workers
from profilecore.store import MemoryStore
from profilecore_segments import Dimension, Figures, Group, Segments, SegmentsPlugin, Statistics
from profilecore_segments.figures import money
from profilecore_segments.page import page
from profilecore_segments.suppressing import suppress


def by(made: Statistics) -> dict[str, Figures | None]:
    return {group.code: group.figures for group in made.groups}


def test_bookings_are_counted_by_the_source_of_each_stay(segments: Segments, guest: Any) -> None:
    guest(
        {"arrival": "2025-01-01", "source": "web", "revenue": 10_000, "currency": "EUR"},
        {"arrival": "2025-06-01", "source": "fair", "nights": 3},
        {"arrival": "2025-07-01", "source": "fair", "status": "cancelled"},
    )
    guest({"arrival": "2025-02-01", "source": "fair", "revenue": 500, "currency": "USD"})
    guest({"arrival": "2025-03-01"})
    made = segments.statistics("source")
    assert by(made) == {
        "fair": Figures(2, 2, 5, 1, 1, {"USD": 500}, {"USD": 1}),
        "web": Figures(1, 1, 2, 1, 1, {"EUR": 10_000}, {"EUR": 1}),
        "(none)": Figures(1, 1, 2, 1, 0, {}),
    }
    paid = {"EUR": 10_000, "USD": 500}, {"EUR": 1, "USD": 1}
    assert made.total == Figures(3, 4, 9, 3, 1, *paid)


def test_by_month_within_days(segments: Segments, guest: Any) -> None:
    guest({"arrival": "2024-12-31"}, {"arrival": "2025-01-15"}, {"arrival": "2025-02-01"}, {})
    made = segments.statistics("month", since=date(2025, 1, 1), until=date(2025, 1, 31))
    assert by(made) == {"2025-01": Figures(1, 1, 2, 0, 1, {})}
    whole = segments.statistics("month")
    assert [group.code for group in whole.groups] == ["2024-12", "2025-01", "2025-02", "(none)"]


def test_a_guest_of_several_values_counts_in_each_and_once_in_all(
    segments: Segments, guest: Any
) -> None:
    guest({"arrival": "2025-01-01", "revenue": 5}, tags=["vip", "golf"], nationalities=["ES"])
    guest({"arrival": "2025-01-02"}, {"arrival": "2025-01-03"}, tags=["golf"])
    guest(tags=["spa"])
    made = segments.statistics("tag")
    assert by(made) == {
        "golf": Figures(2, 3, 6, 2, 1, {"": 5}, {"": 1}),
        "vip": Figures(1, 1, 2, 1, 0, {"": 5}, {"": 1}),
    }
    assert made.total == Figures(2, 3, 6, 2, 1, {"": 5}, {"": 1})
    spanish = by(segments.statistics(Dimension.NATIONALITY))["ES"]
    assert spanish == Figures(1, 1, 2, 1, 0, {"": 5}, {"": 1})
    for dimension in ("class", "category", "language"):
        assert by(segments.statistics(dimension)) == {"(none)": made.total}


def test_a_merged_family_counts_once_and_the_cleared_leave_bookings(
    each_engine: Engine,
) -> None:
    segments = Segments(each_engine)
    made = []
    for name in "abc":
        made.append(each_engine.create({"last_name": name, "tags": ["vip"]}).id)
        stay = {"property_id": "P1", "arrival": "2025-01-17", "nights": 1, "status": "departed"}
        stay |= {"arrival": "2025-01-18"} if name == "b" else {}
        each_engine.record_stay(made[-1], stay | {"source": "web", "revenue": 7})
    each_engine.merge(each_engine.plan_merge(made[0], [made[1]]))
    each_engine.clear(made[2])
    figures = Figures(1, 3, 3, 1, 1, {"": 21}, {"": 1})
    assert by(segments.statistics("source")) == {"web": figures}
    assert by(segments.statistics("tag")) == {
        "vip": Figures(1, 2, 2, 1, 1, {"": 14}, {"": 1}),
        "(cleared)": Figures(0, 1, 1, 0, 0, {"": 7}),
    }
    assert by(segments.statistics("month")) == {"2025-01": figures}


def test_a_property_counts_nobody_it_may_not_see(engine: Engine, segments: Segments) -> None:
    with engine.acting(Actor("a", property_id="P1")):
        id = engine.create({"last_name": "x", "tags": ["t"], "shared_level": "property"}).id
        engine.record_stay(id, {"property_id": "P1", "arrival": "2025-01-01", "source": "web"})
    with engine.acting(Actor("b", property_id="P2")):
        for dimension in Dimension:
            assert segments.statistics(dimension).groups == ()
    assert len(segments.statistics("tag").groups) == 1


def test_sources_are_called_what_the_chain_calls_them(open_engine: Any) -> None:
    engine = open_engine(segments={"sources": {"web": "Our own site"}})
    id = engine.create({"last_name": "x"}).id
    engine.record_stay(id, {"property_id": "P1", "source": "WEB"})
    assert Segments(engine).statistics("source").groups[0].label == "Our own site"


def test_spellings_of_a_group_are_one_group_in_the_most_frequent_of_them(
    segments: Segments, guest: Any
) -> None:
    for word in ("VIP", "vip", "Vip", "vip"):
        guest(
            {"arrival": "2025-01-01", "source": word, "revenue": 5},
            tags=[word],
            category=word,
        )
    for word in ("Fair", "fair"):
        guest({"arrival": "2025-01-01", "source": word}, tags=[word], category=word)
    for dimension in ("tag", "source", "category"):
        made = segments.statistics(dimension)
        assert by(made) == {
            "vip": Figures(4, 4, 8, 4, 0, {"": 20}, {"": 4}),
            "fair": Figures(2, 2, 4, 2, 0),
        }
        assert [group.label for group in made.groups] == ["vip", "fair"]


def test_what_differs_by_a_sign_is_another_group(segments: Segments, guest: Any) -> None:
    for tag in ("C#", "C++", "⭐", "🔥"):
        guest({"arrival": "2025-01-01"}, tags=[tag])
    groups = segments.statistics("tag").groups
    assert {group.code for group in groups} == {"C#", "C++", "⭐", "🔥"}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_guest_of_two_spellings_counts_once(
    segments: Segments, guest: Any, at_once: list[Any], workers: int
) -> None:
    stays = [
        {"arrival": f"2025-01-0{n}", "source": source}
        for n, source in enumerate(("web", "Web", "WEB"), start=1)
    ]
    guest(*stays, tags=["vip", "VIP"])
    guest(*stays, tags=["Vip"])
    guest(stays[0], tags=["(None)"])
    (web,) = segments.statistics("source", workers=workers).groups
    assert (web.code, web.figures) == ("web", Figures(3, 7, 14, 3, 2))
    assert by(segments.statistics("tag", workers=workers)) == {
        "vip": Figures(2, 6, 12, 2, 2),
        "(None)": Figures(1, 1, 2, 1, 0),
    }
    assert len(at_once) == 2 * workers


def test_what_has_no_group_is_none_of_that_name(segments: Segments, guest: Any) -> None:
    guest({"arrival": "2025-01-01", "source": "None"}, tags=["none"])
    guest({"arrival": "2025-01-01"}, tags=["**"])
    guest({"arrival": "2025-01-01", "source": "++"})
    assert by(segments.statistics("source")).keys() == {"None", "(none)", "++"}
    assert by(segments.statistics("tag")).keys() == {"none", "(none)", "**"}


@pytest.mark.parametrize("wrong", [{"dimension": "mood"}, {"dimension": "tag", "min_group": 0}])
def test_what_is_asked_wrongly_is_refused(segments: Segments, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidProfile):
        segments.statistics(**wrong)


def test_progress_is_told(segments: Segments, guest: Any) -> None:
    guest({"arrival": "2025-01-01"})
    told: list[Any] = []
    segments.statistics("tag", watch=lambda *how: told.append(how))
    assert told[0] == ("Stays", 1, None)


stays = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 400),
        st.integers(0, 3),
        st.sampled_from(("web", "fair", None)),
        st.sampled_from(("departed", "confirmed", "cancelled")),
    ),
    max_size=20,
)


@given(stays)
def test_figures_are_those_of_a_slow_count(given_stays: list[Any]) -> None:
    with Engine(MemoryStore(), plugins=[SegmentsPlugin], discover=False) as engine:
        guests = [engine.create({"last_name": "x"}).id for _ in range(5)]
        for number, day, nights, source, status in given_stays:
            arrival = (date(2025, 1, 1) + timedelta(days=day)).isoformat()
            stay = {"property_id": "P1", "arrival": arrival, "nights": nights, "status": status}
            engine.record_stay(guests[number], stay | ({"source": source} if source else {}))
        found = by(Segments(engine).statistics("source"))
    booked = [
        (n, d, g, s or "(none)") for n, d, g, s, status in given_stays if status != "cancelled"
    ]
    first: dict[int, Any] = {}
    for stay in booked:
        if stay[0] not in first or stay[1] < first[stay[0]][1]:
            first[stay[0]] = stay
    days = {number: {stay[1] for stay in booked if stay[0] == number} for number in range(5)}
    for source in {stay[3] for stay in booked}:
        own = [stay for stay in booked if stay[3] == source]
        who = {stay[0] for stay in own}
        firsts = sum(stay[3] == source for stay in first.values())
        again = sum(len(days[number]) > 1 for number in who)
        nights = sum(stay[2] for stay in own)
        assert found[source] == Figures(len(who), len(own), nights, firsts, again, {})
    assert found.keys() == {stay[3] for stay in booked}


# ---- another process


class Noted(Workers):
    """Notes what was started, and ends it where that is asked for."""

    made: ClassVar[list[Noted]] = []
    ends_after: ClassVar[int | None] = None

    def __init__(self, work: Any, count: int) -> None:
        super().__init__(work, count)
        self.made.append(self)
        self.submitted = 0
        self.last: Any = None

    def submit(self, what: Any) -> Any:
        self.submitted += 1
        if self.last is not None and self.submitted == self.ends_after:
            self.last.result()  # the process has begun, and is ended between two pages
        if self.submitted == self.ends_after:
            for process in self._started:
                process.kill()
                process.wait()
        self.last = super().submit(what)
        return self.last


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[Noted]:
    """Have the second page added up in another process, and notes which were made."""
    monkeypatch.setattr(adding, "ALONE", 0)
    monkeypatch.setattr(adding, "Workers", Noted)
    monkeypatch.setattr(extracting, "IN_COLUMNS", 3)
    monkeypatch.setattr(Noted, "made", [])
    return Noted.made


def busy(segments: Segments, guest: Any) -> None:
    """Let guests come whose first, second and last stays lie on different pages."""
    engine = segments._engine
    made = [guest({"arrival": f"2025-0{n}-05", "source": "web"}, tags=["vip"]) for n in range(1, 6)]
    for number, id in enumerate((*made, *made[:3])):
        stay = {"property_id": "P1", "nights": number, "source": ("fair", "web", None)[number % 3]}
        day = {"arrival": f"2025-0{9 - number}-04"} if number else {}
        engine.record_stay(id, stay | day | {"revenue": 100 * number, "currency": "EUR"})
    engine.merge(engine.plan_merge(made[0], [made[1]]))
    engine.clear(made[2])


@pytest.mark.parametrize("ends_after", [None, 2, 3])
@pytest.mark.parametrize("dimension", ["source", "month", "tag"])
def test_another_process_gives_the_same_figures_even_if_it_ends(
    segments: Segments,
    guest: Any,
    at_once: list[Noted],
    monkeypatch: pytest.MonkeyPatch,
    dimension: str,
    ends_after: int | None,
) -> None:
    busy(segments, guest)
    days = {"since": date(2025, 1, 2), "until": date(2025, 8, 31)}
    alone = segments.statistics(dimension, workers=0, **days)
    assert at_once == []
    monkeypatch.setattr(Noted, "ends_after", ends_after)
    beside = segments.statistics(dimension, workers=1, **days)
    (one,) = at_once
    assert one.submitted > 1
    assert all(process.returncode is not None for process in one._started)
    assert (beside.groups, beside.total) == (alone.groups, alone.total)


def test_an_interrupt_leaves_no_process_running(
    segments: Segments, guest: Any, at_once: list[Noted]
) -> None:
    busy(segments, guest)

    def interrupt(_words: str, done: int, _all: int | None) -> None:
        if done > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segments.statistics("source", workers=1, watch=interrupt)
    assert [process.returncode is not None for process in at_once[0]._started] == [True]


# ---- small groups

sizes = st.lists(st.integers(0, 12), min_size=1, max_size=5)


def grouped(guests: list[int]) -> tuple[list[Group], Figures]:
    groups = [Group(f"g{n}", f"g{n}", Figures(g, g + 1, 2 * g)) for n, g in enumerate(guests)]
    return groups, Figures(sum(guests), sum(guests) + len(guests), 2 * sum(guests))


def possible(shown: list[int], hidden: int, total: int) -> list[tuple[int, ...]]:
    """Give every way to part what is left of a total over the hidden groups."""
    rest = total - sum(shown)
    return [ways for ways in product(range(rest + 1), repeat=hidden) if sum(ways) == rest]


@given(sizes, st.integers(2, 6))
def test_who_knows_the_total_cannot_tell_the_size_of_a_hidden_group(
    guests: list[int], least: int
) -> None:
    groups, total = grouped(guests)
    made, seen_total = suppress(groups, total, least)
    shown = [g.figures.guests for g in made if g.figures is not None]
    hidden = [g for g in made if g.figures is None]
    assert all(number >= least for number in shown)
    assert sorted(g.code for g in made) == sorted(g.code for g in groups)
    if not hidden:
        assert min(guests) >= least
        assert seen_total == total
        return
    if seen_total is None:
        return
    ways = possible(shown, len(hidden), seen_total.guests)
    assert len(hidden) >= 2
    for number in range(len(hidden)):
        assert len({way[number] for way in ways}) >= least


@given(sizes, st.integers(2, 6))
def test_hidden_groups_look_alike_and_stand_in_no_order_of_size(
    guests: list[int], least: int
) -> None:
    groups, total = grouped(guests)
    made, seen_total = suppress(groups, total, least)
    codes = [g.code for g in made if g.figures is None]
    assert codes == sorted(codes)
    if total.guests < least:
        assert seen_total is None
    if codes and len(codes) == sum(g < least for g in guests):
        assert seen_total is None


def test_the_statistics_hide_what_is_small(segments: Segments, guest: Any) -> None:
    for source, number in (("web", 5), ("fair", 3), ("spy", 1)):
        for _ in range(number):
            guest({"arrival": "2025-01-01", "source": source})
    made = segments.statistics("source", min_group=2)
    assert [group.code for group, _ in made.shown] == ["web"]
    assert by(made) == {"web": Figures(5, 5, 10, 5, 0), "fair": None, "spy": None}
    assert made.total == Figures(9, 9, 18, 9, 0)
    assert segments.statistics("source", min_group=10).total is None


def in_two(*sets: set[int], alone: int = 0) -> tuple[list[Group], Figures]:
    """Give groups that share guests, and so many guests who are in none."""
    groups = [Group(f"g{n}", f"g{n}", Figures(len(who))) for n, who in enumerate(sets)]
    if alone:
        groups.append(Group("(none)", "(none)", Figures(alone)))
    return groups, Figures(len(set().union(*sets)) + alone)


@pytest.mark.parametrize(
    ("sets", "alone", "seen"),
    [
        ([set(range(15)), set(range(6))], 1, {"g1"}),  # one guest is not in the first group
        ([set(range(15)), set(range(10, 16))], 0, set()),
        ([set(range(15)), set(range(10, 16)), set(range(7))], 0, {"g2"}),
        ([set(range(15)), set(range(10, 16))], 10, {"(none)"}),  # one of those who are in any
        ([set(range(15)), set(range(15))], 0, {"g0", "g1"}),
        ([set(range(15)), set(range(10, 20))], 0, {"g0", "g1"}),
    ],
)
def test_a_group_that_all_but_a_few_guests_are_in_is_hidden(
    sets: list[set[int]], alone: int, seen: set[str]
) -> None:
    groups, total = in_two(*sets, alone=alone)
    made, seen_total = suppress(groups, total, 5)
    assert {group.code for group in made if group.figures is not None} == seen
    assert seen_total == total


def test_the_guest_without_a_tag_is_not_told_by_who_has_one(segments: Segments, guest: Any) -> None:
    for number in range(15):
        guest({"arrival": "2025-01-01"}, tags=["returning"] + ["vip"] * (number < 6))
    guest({"arrival": "2025-01-01"})
    made = segments.statistics("tag", min_group=5)
    total = segments.statistics("source").total
    assert made.total == total
    assert {code: f and f.guests for code, f in by(made).items()} == {
        "vip": 6, "returning": None, "(none)": None,
    }  # fmt: skip


overlapping = st.lists(st.sets(st.integers(0, 14)), min_size=1, max_size=4)


@given(overlapping, st.integers(0, 8), st.integers(2, 6))
def test_neither_a_shown_group_nor_who_is_not_in_it_is_small(
    sets: list[set[int]], alone: int, least: int
) -> None:
    groups, total = in_two(*sets, alone=alone)
    made, _ = suppress(groups, total, least)
    for group in made:
        if group.figures is not None:
            others = total.guests - group.figures.guests
            assert group.figures.guests >= least
            assert others == 0 or others >= least


# ---- the page


def test_the_page_stands_alone_and_says_all_in_tables_too(segments: Segments, guest: Any) -> None:
    guest(
        {"arrival": "2025-01-01", "source": '<b>"web"&</b>', "revenue": 12_345, "currency": "EUR"}
    )
    html = page(segments.statistics("source"))
    assert "<b>" not in html
    assert "EUR 123.45" in html
    assert not re.search(r"<script|<link|https?://(?!www\.w3\.org/2000/svg)|url\(", html)
    charts = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(charts) == 5
    ids = []
    for chart in charts:
        root = ET.fromstring(chart)
        name = "{http://www.w3.org/2000/svg}"
        title, desc = root.find(f"{name}title"), root.find(f"{name}desc")
        assert title is not None
        assert desc is not None
        assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        ids.append(title.get("id"))
    assert len(set(ids)) == 5
    assert html.count("<table>") == 6
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_a_page_of_nothing_and_one_of_hidden_groups(segments: Segments, guest: Any) -> None:
    assert "<figure>" not in page(segments.statistics("tag"))
    guest({"arrival": "2025-01-01"}, tags=["vip"])
    html = page(segments.statistics("tag", min_group=3))
    assert "hidden" in html
    assert "<figure>" not in html


def test_sums_are_written_with_the_digits_of_their_currency() -> None:
    assert money({"EUR": 123_456, "JPY": 500, "KWD": 1_500, "": 5}) == (
        "0.05, EUR 1,234.56, JPY 500, KWD 1.500"
    )
