"""Who belongs: by fields, facets, stays, consent and loyalty; by the index and by reading alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profilecore import Actor, Engine, InvalidProfile, NotFound, PluginError, hookimpl
from profilecore.model import DocumentKind, OnClear
from profilecore.store import MemoryStore
from profilecore.values import frozen
from profilecore_segments import ExpressionError, Segments, parse, write
from profilecore_segments.members import Members
from profilecore_segments.planning import Plan, Route, plan_of

P1, P2 = Actor("desk-1", property_id="P1"), Actor("desk-2", property_id="P2")


SPA = {"spa": {"uses": [{"kind": "mud"}], "since": "2020-02-01"}}


def ids(segments: Segments, expression: str, limit: int = 100) -> list[str]:
    return list(segments.members(expression, limit=limit).items)


@pytest.mark.parametrize(
    ("values", "holds", "fails"),
    [
        ({"tags": ["VIP", "golf"]}, "tag = vip", "tag = spa"),
        ({"nationalities": ["ES", "FR"]}, "nationality in (PT, FR)", "nationality = PT"),
        ({"languages": ["pt-BR"]}, "language = pt and language = pt-BR", "language = pt-PT"),
        ({"classifications": ["media"]}, "class = media", "class = staff"),
        ({"category": "Gold Club"}, 'category = "gold club"', "category is empty"),
        ({"tags": ["⭐"]}, 'tag = "⭐"', 'tag in ("🔥", "!")'),
        ({"tags": ["C#"]}, 'tag = "c#"', 'tag in ("C++", C)'),
        ({"category": "♥"}, 'category = "♥"', 'category in ("☀", "!")'),
        ({"marketing_source": "♥"}, 'source = "♥"', 'source = "☀"'),
        ({"occupation": "★"}, 'occupation = "★"', 'occupation in ("☀", "!")'),
        ({"custom": {"pet": "🐈"}}, 'custom.pet = "🐈"', 'custom.pet in ("🐕", "!")'),
        ({}, "type = guest", "type = agent"),
        ({"profile_type": "agent"}, "type = agent", "type = guest"),
        ({"last_name": "Núñez"}, "last_name = nunez", "last_name = nun"),
        ({"emails": ["a@example.org"]}, "email is not empty", "email is empty"),
        ({"addresses": [{"city": "Köln", "country": "DE"}]}, "city = koln", "country = ES"),
        ({"birth_date": "1984-05"}, "birth_date before 1984-06-01", "birth_date > 1984-05-10"),
        ({"birth_date": "1984-05"}, "not birth_date = 1984-05-10", "birth_date <= 1984-05-30"),
        ({}, "not birth_date before today", "birth_date after 1900-01-01"),
        ({"custom": {"pet": 3}}, "custom.pet >= 3", "custom.pet = true"),
        ({"custom": {"pet": True}}, "custom.pet = true", "custom.pet = 1"),
        ({"facets": SPA}, "facets.spa.uses.kind = mud", "facets.spa.x = 1"),
        ({"facets": SPA}, "facets.spa.since before 3 years ago", "facets.spa.since > 1"),
        ({"created_at": None}, "created = today", "created before today"),
    ],
)  # fmt: skip
def test_fields_are_compared(
    open_engine: Callable[..., Engine], values: dict[str, Any], holds: str, fails: str
) -> None:
    engine = open_engine(profilecore={"custom_fields": {"pet": "none"}})
    segments = Segments(engine)
    values.pop("created_at", None)
    id = engine.create({"last_name": "García"} | values).id
    assert ids(segments, holds) == [id]
    assert segments.has(holds, id)
    assert ids(segments, fails) == []
    assert ids(segments, f"not ({fails})") == [id]


@pytest.mark.parametrize("is_facet", [False, True])
def test_a_fraction_is_the_number_that_is_written(open_engine: Any, is_facet: bool) -> None:
    engine = open_engine(profilecore={"custom_fields": {"part": "none"}})
    values = {"facets": {"spa": {"part": 0.1}}} if is_facet else {"custom": {"part": 0.1}}
    name = "facets.spa.part" if is_facet else "custom.part"
    id = engine.create({"last_name": "x"} | values).id
    for comparison in ("= 0.1", "<= 0.1", ">= 0.1", "in (0.2, 0.1)", "< 0.100001"):
        assert ids(Segments(engine), f"{name} {comparison}") == [id], comparison
    for comparison in ("!= 0.1", "< 0.1", "> 0.1"):
        assert ids(Segments(engine), f"{name} {comparison}") == [], comparison


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Pacific/Auckland", "2026-03-09T22:00:00+00:00", "2026-03-10"),
        ("America/New_York", "2026-03-10T02:00:00+00:00", "2026-03-09"),
    ],
)
def test_a_moment_is_of_the_day_that_the_chain_had(
    open_engine: Any, clock: Any, zone: str, at: str, day: str
) -> None:
    clock.now = datetime.fromisoformat(at)
    engine = open_engine(profilecore={"timezone": zone, "custom_fields": {"seen": "none"}})
    id = engine.create({"last_name": "x", "custom": {"seen": at}}).id
    for name in ("created", "updated", "custom.seen"):
        assert ids(Segments(engine), f"{name} = today and {name} = {day}") == [id]
        assert ids(Segments(engine), f"{name} before today or {name} > {day}") == []


@pytest.mark.parametrize("text", ["2026-02-28, or so", "2026-02-28T12:00", "2026-02-28"])
def test_what_has_no_zone_is_of_the_day_that_it_begins_with(open_engine: Any, text: str) -> None:
    engine = open_engine(
        profilecore={"timezone": "Pacific/Auckland", "custom_fields": {"seen": "none"}}
    )
    id = engine.create({"last_name": "x", "custom": {"seen": text}}).id
    assert ids(Segments(engine), "custom.seen = 2026-02-28") == [id]


def test_stays_are_counted_as_far_as_they_took_place(segments: Segments, guest: Any) -> None:
    a = guest(
        {"arrival": "2024-01-01", "departure": "2024-01-04", "source": "web", "revenue": 100},
        {"arrival": "2025-08-01", "departure": "2025-08-02", "source": "OTA", "revenue": 50},
        {"arrival": "2026-05-01", "status": "confirmed"},
        {"arrival": "2023-01-01", "status": "cancelled", "source": "fair"},
    )
    for expression in (
        "stays.count = 2", "stays.nights = 4", "stays.revenue = 150", "first_stay = 2024-01-01",
        "last_stay = 2025-08-02", "last_stay before 6 months ago", "next_stay = 2026-05-01",
        "stays.source = ota", "not stays.source = fair", "stays.property = p1",
        'not stays.source = "ota +"',
    ):  # fmt: skip
        assert ids(segments, expression) == [a], expression
    assert ids(segments, "last_stay before 18 months ago") == []
    never = guest()
    assert ids(segments, "stays.count < 1") == [never]
    assert ids(segments, "last_stay before today") == [a]


def test_revenue_in_several_currencies_is_no_sum(segments: Segments, guest: Any) -> None:
    brought = {"arrival": "2025-01-01", "revenue": 50_000}
    free = {"arrival": "2025-01-01", "revenue": 0, "currency": "JPY"}
    euros = guest(brought | {"currency": "EUR"}, brought | {"currency": "EUR"}, free)
    mixed = guest(brought | {"currency": "EUR"}, brought | {"currency": "JPY"})
    untold = guest(brought | {"currency": "EUR"}, brought)
    assert ids(segments, "stays.revenue > 1") == [euros]
    assert ids(segments, "stays.revenue = 100000") == [euros]
    assert ids(segments, "stays.revenue is empty") == [mixed, untold]


@pytest.mark.parametrize(
    ("history", "agrees"),
    [
        ([], False),
        ([("granted", "email", "2026-01-01", {})], True),
        ([("granted", None, "2026-01-01", {})], True),
        ([("granted", "sms", "2026-01-01", {})], False),
        ([("granted", "email", "2026-01-01", {}), ("revoked", "email", "2026-02-01", {})], False),
        ([("revoked", "email", "2026-01-01", {}), ("granted", "email", "2026-02-01", {})], True),
        ([("denied", None, "2026-02-01", {}), ("granted", "email", "2026-01-01", {})], False),
        ([("denied", "email", "2026-02-01", {}), ("granted", "email", "2026-02-01", {})], False),
        ([("granted", "email", "2026-01-01", {"expires_at": "2026-02-01T00:00:00Z"})], False),
        ([("granted", "email", "2026-01-01", {"scope": "partner"})], False),
        ([("granted", "email", "2026-03-02", {})], False),
        ([("granted", "email", "2026-01-01", {}), ("granted", "email", "2026-03-02", {})], True),
        ([("granted", "email", "2026-01-01", {}), ("revoked", "email", "2026-03-02", {})], False),
        ([("granted", "email", "2026-01-01", {"purpose": "NEWS"})], True),
        (
            [
                ("granted", "email", "2026-01-01", {}),
                ("revoked", "email", "2026-02-01", {"purpose": "News"}),
            ],
            False,
        ),
        ([("granted", "email", "2026-01-01", {"scope": "property", "property_id": "P1"})], False),
        ([("granted", "email", "2026-01-01", {"purpose": "news +"})], False),
        (
            [
                ("granted", "email", "2026-01-01", {}),
                ("revoked", "email", "2026-02-01", {"purpose": "News +"}),
            ],
            False,
        ),
    ],
)
def test_consent_is_that_of_this_channel_purpose_and_moment(
    segments: Segments, guest: Any, history: list[Any], agrees: bool
) -> None:
    consents = [
        {"purpose": "news", "status": status, "channel": channel, "at": f"{at}T00:00:00Z"} | more
        for status, channel, at, more in history
    ]
    guest(consents=consents)
    assert bool(ids(segments, "consent(email, news)")) is agrees
    assert ids(segments, "consent(email, other)") == []


def test_a_property_may_use_what_was_granted_to_it(engine: Engine, segments: Segments) -> None:
    grant = {"purpose": "news", "status": "granted", "channel": "email"}
    with engine.acting(P1):
        engine.create(
            {"last_name": "x", "consents": [grant | {"scope": "property", "property_id": "P1"}]}
        )
        assert len(ids(segments, "consent(email, news)")) == 1
    with engine.acting(P2):
        assert ids(segments, "consent(email, news)") == []


@frozen
class Card:
    plain: dict[str, Any]


def cards(engine: Engine, profile_ids: Sequence[str], /) -> Mapping[str, list[dict[str, Any]]]:
    asked = [d for id in profile_ids for d in engine.documents("card", profile_id=id)]
    found: dict[str, list[dict[str, Any]]] = {}
    for card in asked:
        found.setdefault(str(card.profile_id), []).append(card.value.plain)
    return found


class Club:
    """Keeps memberships and supplies them, as a loyalty plugin does."""

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(DocumentKind("card", Card, OnClear.ERASE))

    @hookimpl
    def profilecore_register_verbs(self, register: Callable[..., None]) -> None:
        register("memberships", cards)


GOLD = {"programme": "club", "tier": "Gold", "points": 1_200, "state": "enrolled"}


def test_memberships_come_from_the_verb_that_supplies_them(open_engine: Any) -> None:
    engine = open_engine(None, Club)
    segments = Segments(engine)
    a, b = (engine.create({"last_name": name}).id for name in "ab")
    engine.store_document("card", Card(GOLD), profile_id=a)
    assert ids(segments, "loyalty.tier = gold") == [a]
    assert ids(segments, "loyalty.club.points >= 1000 and loyalty.state = enrolled") == [a]
    assert ids(segments, "loyalty.Club.tier = GOLD and loyalty.CLUB.points > 1") == [a]
    assert ids(segments, "loyalty.other.tier = gold") == []
    assert ids(segments, "loyalty.tier is empty") == [b]
    assert segments.has("loyalty.programme = club", a)


@pytest.mark.parametrize("code", ["my.club", "my--club", "2nd..club-", "tier", "a.points"])
def test_a_programme_is_named_by_any_code_it_may_have(
    segments: Segments, guest: Any, code: str
) -> None:
    a = guest(facets={"loyalty": {"memberships": [GOLD | {"programme": code}]}})
    guest(facets={"loyalty": {"memberships": [GOLD | {"programme": "my"}]}})
    assert ids(segments, f"loyalty.{code}.tier = gold") == [a]
    assert ids(segments, f'loyalty.programme = "{code}"') == [a]
    assert segments.define("x", f"loyalty.{code}.points > 1").expression == (
        f"loyalty.{code}.points > 1"
    )


def test_without_such_a_verb_the_facet_is_read(segments: Segments, guest: Any) -> None:
    a = guest(facets={"loyalty": {"memberships": [GOLD, "nonsense"]}})
    guest(facets={"loyalty": {"memberships": "nonsense"}})
    assert ids(segments, "loyalty.tier = gold and loyalty.points > 1000") == [a]


def test_merged_cleared_and_hidden_people_are_no_members(
    each_engine: Engine,
) -> None:
    segments = Segments(each_engine)
    a, b, c = (each_engine.create({"last_name": n, "tags": ["vip"]}).id for n in "abc")
    d = each_engine.create({"last_name": "d", "tags": ["vip"]}).id
    each_engine.place_hold(d, kind="legal", keeps=["profile.tags"])
    with each_engine.acting(P1):
        e = each_engine.create({"last_name": "e", "tags": ["vip"], "shared_level": "property"}).id
    each_engine.merge(each_engine.plan_merge(a, [b]))
    each_engine.clear(c)
    each_engine.clear(d)
    for expression in ("tag = vip", "not tag = spa", "tag = vip and last_name in (a, b, c, d, e)"):
        assert ids(segments, expression) == [a, e]
        assert segments.count(expression) == 2
        with each_engine.acting(P1):
            assert ids(segments, expression) == [a, e]
            assert segments.count(expression) == 2
        with each_engine.acting(P2):
            assert ids(segments, expression) == [a]
            assert segments.count(expression) == 1
            assert [
                id for page in Members(each_engine, parse(expression)).pages() for id in page
            ] == [a]
    with each_engine.acting(P2), pytest.raises(NotFound):
        segments.has("tag = vip", e)


# ---- the index and reading give the same members

TAGS = ("vip", "Golf", "wine", "⭐", "🔥", "C#", "C++")
COUNTRIES, LANGUAGES = ("ES", "PT", "FR"), ("es", "pt", "pt-BR")
people = st.lists(
    st.fixed_dictionaries(
        {"last_name": st.sampled_from("abc")},
        optional={
            "tags": st.lists(st.sampled_from(TAGS), unique=True),
            "nationalities": st.lists(st.sampled_from(COUNTRIES), unique=True, max_size=2),
            "languages": st.lists(st.sampled_from(LANGUAGES), unique=True, max_size=2),
            "category": st.sampled_from(("a", "b", "♥", "☀")),
            "shared_level": st.just("property"),
        },
    ),
    max_size=6,
)
comparisons = st.sampled_from(
    ("tag = vip", "tag in (golf, wine)", "nationality = ES", "nationality in (PT, FR)",
     "language = pt", "language = pt-BR", "category in (a, b)", "last_name = a",
     "category is empty", "stays.count < 1", 'tag = "⭐"', 'tag in ("🔥", "c#")', 'category = "♥"')
)  # fmt: skip
expressions = st.recursive(
    comparisons,
    lambda inner: (
        inner.map("not ({})".format)
        | st.tuples(inner, inner).map(lambda two: f"({two[0]}) and ({two[1]})")
        | st.tuples(inner, inner).map(lambda two: f"({two[0]}) or ({two[1]})")
    ),
    max_leaves=6,
)


def check_alike(engine: Engine, given_people: list[dict[str, Any]], expression: str) -> None:
    """Compare each way of finding members with asking of each person alone."""
    segments = Segments(engine)
    made = []
    for number, values in enumerate(given_people):
        with engine.acting((P1, P2)[number % 2]):
            made.append(engine.create(values).id)
    levels = [values.get("shared_level") for values in given_people[:3:2]]
    if len(made) > 2 and levels[0] == levels[1]:
        engine.merge(engine.plan_merge(made[0], [made[2]]))
    for actor in (Actor("chain"), P1, P2):
        with engine.acting(actor):
            living = [row["id"] for page in engine.extract(["id"]) for row in page]
            expected = sorted(id for id in living if segments.has(expression, id))
            assert segments.count(expression) == len(expected)
            assert sorted(ids(segments, expression)) == expected
            assert paged(segments, expression) == expected


def paged(segments: Segments, expression: str) -> list[str]:
    found: list[str] = []
    page = segments.members(expression, limit=1)
    while True:
        found += page.items
        if page.next is None:
            return sorted(found)
        page = segments.members(expression, limit=1, cursor=page.next)


@settings(max_examples=60)
@given(people, expressions)
def test_the_index_finds_whom_reading_finds(given_people: Any, expression: str) -> None:
    from profilecore_segments import SegmentsPlugin

    with Engine(MemoryStore(), plugins=[SegmentsPlugin], discover=False, strict=True) as engine:
        check_alike(engine, given_people, expression)


@settings(max_examples=8)
@given(people, expressions)
def test_so_it_does_in_sqlite(tmp_path_factory: Any, given_people: Any, expression: str) -> None:
    from profilecore.store import open_store
    from profilecore_segments import SegmentsPlugin

    pytest.importorskip("profilecore_sqlite")
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'guests.db'}")
    with Engine(store, plugins=[SegmentsPlugin], discover=False, strict=True) as engine:
        check_alike(engine, given_people, expression)


# ---- plans


@pytest.mark.parametrize(
    ("expression", "route"),
    [
        ("tag = vip", Route.INDEX),
        ("tag = vip and nationality in (ES, PT) and not class = staff", Route.INDEX),
        ("not tag = vip", Route.INDEX),
        ("tag = vip and stays.count > 1", Route.NARROWED),
        ("tag = vip and (category = a or last_name = b)", Route.NARROWED),
        ("tag = vip or stays.count > 1", Route.SCAN),
        ("last_name = a", Route.SCAN),
        ("not tag = vip and consent(email, news)", Route.SCAN),
        (" and ".join(f"(tag = a{n} or tag = b{n})" for n in range(5)), Route.SCAN),
    ],
)
def test_the_route_depends_on_what_is_indexed(expression: str, route: Route) -> None:
    assert plan_of(parse(expression), ("nationality",)).route is route


def test_an_explanation_says_why_something_is_read(segments: Segments, guest: Any) -> None:
    guest()
    found = segments.explain("tag = vip and nationality = ES and sex = male and stays.count > 1")
    assert found.route is Route.NARROWED
    assert found.by_index == ("tag = vip", "nationality = ES")
    whys = {reason.comparison: reason.why for reason in found.read}
    assert "settings" in whys["sex = male"]
    assert "stays" in whys["stays.count > 1"]


def test_people_older_than_the_plugin_are_found_and_the_explanation_says_what_to_do(
    open_engine: Any,
) -> None:
    store = MemoryStore()
    with Engine(store, discover=False) as before:
        old = before.create({"last_name": "old", "nationalities": ["ES"]}).id
    engine = open_engine(store)
    segments = Segments(engine)
    new = engine.create({"last_name": "new", "nationalities": ["ES"]}).id
    assert ids(segments, "nationality = ES") == [old, new]
    assert segments.count("nationality = ES") == 2
    found = segments.explain("nationality = ES")
    assert (found.route, found.is_whole) == (Route.SCAN, False)
    assert "profilecore reindex" in found.read[0].why
    engine.reindex()
    found = segments.explain("nationality = ES")
    assert (found.route, found.is_whole) == (Route.INDEX, True)
    assert segments.count("nationality = ES") == 2


def test_the_settings_choose_what_is_indexed(open_engine: Any) -> None:
    engine = open_engine(segments={"indexed": ["sex", "type"]})
    segments = Segments(engine)
    a = engine.create({"last_name": "a", "sex": "male"}).id
    assert segments.explain("sex = male and type = guest").route is Route.INDEX
    assert ids(segments, "sex = male and type = guest") == [a]
    assert segments.explain("nationality = ES").route is Route.SCAN


@pytest.mark.parametrize("wrong", ["tag", "stays.count", "birth_date", "nonsense", "city"])
def test_a_setting_that_cannot_be_indexed_is_refused(open_engine: Any, wrong: str) -> None:
    with pytest.raises(PluginError, match="indexed"):
        open_engine(segments={"indexed": [wrong]})


# ---- pages and edges


def test_pages_give_each_once_while_people_come_and_go(each_engine: Engine) -> None:
    segments = Segments(each_engine)
    made = [
        each_engine.create({"last_name": "x", "tags": ["a", "b"][: n % 2 + 1]}).id for n in range(9)
    ]
    first = segments.members("tag in (a, b)", limit=4)
    each_engine.clear(made[1])
    late = each_engine.create({"last_name": "late", "tags": ["b"]}).id
    rest = segments.members("tag in (a, b)", limit=100, cursor=first.next)
    assert [*first.items, *rest.items] == [*made, late]


@pytest.mark.parametrize("cursor", ["nonsense", "9.9.x", "0.0.AAAA", "0.7."])
def test_a_cursor_of_another_list_is_refused(segments: Segments, guest: Any, cursor: str) -> None:
    guest(tags=["a"])
    with pytest.raises(InvalidProfile):
        segments.members("tag = a", cursor=cursor)


@pytest.mark.parametrize("limit", [0, 10_001])
def test_a_limit_out_of_range_is_refused(segments: Segments, limit: int) -> None:
    with pytest.raises(InvalidProfile):
        segments.members("tag = a", limit=limit)


def test_without_the_plugin_the_verbs_say_so() -> None:
    with Engine(MemoryStore(), discover=False) as engine, pytest.raises(PluginError):
        Segments(engine)


def test_saved_segments_are_kept_in_normal_form(segments: Segments, guest: Any) -> None:
    a = guest(tags=["vip"])
    made = segments.define("regulars", "tags != spa AND (tag = vip)", "who come again")
    assert made.expression == write(parse("not tag = spa and tag = vip"))
    segments.define("all-of-us", "type = guest")
    assert [s.name for s in segments.list()] == ["all-of-us", "regulars"]
    assert ids(segments, "regulars") == [a]
    assert segments.get("regulars").description == "who come again"
    assert segments.drop("regulars")
    with pytest.raises(NotFound):
        segments.count("regulars")


def test_a_segment_with_a_wrong_name_or_expression_is_refused(
    engine: Engine, segments: Segments
) -> None:
    for name in ("", "Two Words", "x" * 51, "-x"):
        with pytest.raises(InvalidProfile):
            segments.define(name, "tag = a")
    with pytest.raises(ExpressionError):
        segments.define("fine", "tag")
    with engine.acting(P1), pytest.raises(Exception, match="another property or for the chain"):
        segments.define("fine", "tag = a")
    assert segments.list() == ()


def test_a_plan_shows_no_value() -> None:
    plan: Plan = plan_of(parse("tag = canary and nationality = ES"), ("nationality",))
    assert "canary" not in repr(plan)
