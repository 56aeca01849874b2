"""Search as people type, filters, and pages that stay good while profiles come and go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import examples, open_engine, pages

from profilecore import Engine, InvalidProfile
from profilecore.engine import searching
from profilecore.model import Classification, State

ANA = {
    "first_name": "Ana",
    "last_name": "García-Núñez",
    "second_last_name": "O'Brien",
    "emails": ["Ana.Garcia@Example.org"],
    "phones": ["+34 600 111 222"],
    "documents": [{"type": "nie", "number": "X-1234567", "country": "ES"}],
    "alternate_names": [{"last_name": "Smith", "type": "former"}],
}


def names(engine: Engine, text: str = "", **filters: Any) -> list[str | None]:
    return sorted(p.first_name or "" for p in pages(engine, text, **filters))


@pytest.fixture
def people(each_engine: Engine) -> Engine:
    each_engine.create(ANA)
    each_engine.create({"first_name": "Bruno", "last_name": "García", "tags": ["VIP"]})
    each_engine.create({"first_name": "Иван", "last_name": "Петров"})
    return each_engine


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("garcia", ["Ana", "Bruno"]),
        ("GARCÍA", ["Ana", "Bruno"]),
        ("gar", ["Ana", "Bruno"]),
        ("garcia ana", ["Ana"]),
        ("a g", ["Ana"]),
        ("nunez o'brien ana", ["Ana"]),
        ("obr", ["Ana"]),
        ("smith", ["Ana"]),
        ("ivan", ["Иван"]),
        ("петров", ["Иван"]),
        ("ana.garcia@example.org", ["Ana"]),
        ("ANA.GARCIA@", ["Ana"]),
        ("+34600111222", ["Ana"]),
        ("600 111 222", ["Ana"]),
        ("0034 600-111-222", ["Ana"]),
        ("600111", ["Ana"]),
        ("x1234567", ["Ana"]),
        ("X-123", ["Ana"]),
        ("garcia 600 111", ["Ana"]),
        ("bruno smith", []),
        ("garcia zoe", []),
        ("", ["Ana", "Bruno", "Иван"]),
    ],
)
def test_people_are_found_as_typed(people: Engine, text: str, found: list[str]) -> None:
    assert names(people, text) == found


def test_an_update_moves_the_terms_along(people: Engine) -> None:
    (bruno,) = people.search("bruno").items
    people.update(bruno.id, {"first_name": "Benno", "emails": ["b@example.org"], "tags": None})
    assert names(people, "bruno") == []
    assert names(people, "b@example.org") == names(people, "benno garcia") == ["Benno"]
    assert names(people, tags=["vip"]) == []


@pytest.fixture
def filtered(each_engine: Engine) -> Engine:
    for first_name, more in {
        "A": {"tags": ["VIP", "golf"], "category": "Gold", "marketing_source": "Web"},
        "B": {"tags": ["vip"], "classifications": ["staff", "media"]},
        "C": {"external_ids": [{"system": "pms", "value": "7"}], "classifications": ["staff"]},
    }.items():
        each_engine.create({"first_name": first_name, "last_name": "García"} | more)
    return each_engine


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"tags": ["vip"]}, ["A", "B"]),
        ({"tags": ["VIP", "Golf"]}, ["A"]),
        ({"classifications": ["staff"]}, ["B", "C"]),
        ({"classifications": [Classification.STAFF, "media"]}, ["B"]),
        ({"category": "gold"}, ["A"]),
        ({"source": "web"}, ["A"]),
        ({"source": "web", "tags": ["vip"]}, ["A"]),
        ({"external_id": ("pms", "7")}, ["C"]),
        ({"external_id": ("pms", "8")}, []),
        ({"tags": ["unknown"]}, []),
        ({"state": "active"}, ["A", "B", "C"]),
        ({"state": "merged"}, []),
    ],
)
def test_every_filter_must_hold(filtered: Engine, filters: Any, found: list[str]) -> None:
    assert names(filtered, **filters) == found
    assert names(filtered, **filters, limit=1) == found
    if filters.get("state") != "merged":
        assert names(filtered, "garcia", **filters) == found


def test_merged_and_cleared_profiles_are_found_by_their_state_only(filtered: Engine) -> None:
    a, b, c = sorted(filtered.search().items, key=lambda p: p.first_name or "")
    filtered.merge(filtered.plan_merge(a.id, [b.id]))
    filtered.clear(c.id)
    assert names(filtered) == names(filtered, "garcia") == ["A"]
    assert [p.id for p in filtered.search(state=State.MERGED).items] == [b.id]
    assert [p.id for p in filtered.search(state="cleared").items] == [c.id]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 501}, "/limit"),
        ({"state": "asleep"}, "/state"),
        ({"classifications": ["staff", "king"]}, "/classifications/1"),
        ({"tags": ["t"] * 3_000}, "/tags"),
        ({"classifications": ["staff"] * 3_000}, "/classifications"),
        ({"cursor": "nonsense"}, "/cursor"),
        ({"cursor": ""}, "/cursor"),
        ({"cursor": "é"}, "/cursor"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(engine: Engine, given: Any, path: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        engine.search("x", **given)
    assert [p.path for p in refused.value.problems] == [path]


# ---- pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 25, 26])
@pytest.mark.parametrize("query", [{"text": "garcia"}, {"tags": ["vip"]}, {}])
def test_pages_show_everybody_once(each_engine: Engine, query: Any, limit: int) -> None:
    with each_engine.transaction():
        made = {
            each_engine.create(
                {
                    "first_name": "García" if n % 3 else None,
                    "last_name": "García",
                    "tags": ["vip"],
                    "alternate_names": [{"last_name": "Garcia-Other"}],
                }
            ).id
            for n in range(25)
        }
    found = [p.id for p in pages(each_engine, limit=limit, **query)]
    assert len(found) == 25
    assert set(found) == made


@pytest.mark.parametrize("query", [{"text": "gar"}, {"tags": ["vip"]}, {}])
def test_pages_show_each_profile_once_while_others_come_go_and_change(
    each_engine: Engine, query: Any
) -> None:
    engine = each_engine
    given = {"last_name": "García", "tags": ["vip"]}
    made = [engine.create(given | {"first_name": f"N{n:02}"}).id for n in range(12)]
    seen: list[str] = []
    cursor = None
    steps = 0
    while True:
        page = engine.search(limit=3, cursor=cursor, **query)
        seen += [p.id for p in page.items]
        cursor = page.next
        if cursor is None:
            break
        steps += 1
        engine.create(given | {"first_name": f"Z{steps}"})
        engine.create(given | {"first_name": f"A{steps}"})
        engine.update(made[steps], {"occupation": f"job {steps}"})
        engine.merge(engine.plan_merge(made[0], [made[-steps]]))
        assert steps < 50
    assert len(seen) == len(set(seen))
    untouched = set(made[1:-steps])
    assert untouched <= set(seen)


@pytest.fixture
def many(each_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give an engine to which four are many: of 7 people named Gar..., 3 are named Zo..."""
    monkeypatch.setattr(searching, "MANY", 4)
    for first_name in ("Zoa", "Zob", "Zoc", "Ana", "Bea", "Eva", "Ida"):
        last_name = f"Gar{chr(ord('z') - ord(first_name[-1]) + ord('a'))}"
        each_engine.create({"first_name": first_name, "last_name": last_name})
    return each_engine


@pytest.mark.parametrize("text", ["gar zo", "zo gar", "gar z", "ga zo"])
def test_a_rare_word_decides_the_order(many: Engine, text: str) -> None:
    assert [p.first_name for p in many.search(text).items] == ["Zoa", "Zob", "Zoc"]


def test_a_long_word_decides_the_order_where_none_is_rare(many: Engine) -> None:
    many.create({"first_name": "Zoe", "last_name": "Other"})
    assert [p.first_name for p in many.search("gar zo").items] == ["Zoc", "Zob", "Zoa"]


@pytest.mark.parametrize("limit", [1, 2])
def test_pages_keep_their_order_when_a_rare_word_becomes_frequent(many: Engine, limit: int) -> None:
    first = many.search("gar zo", limit=limit)
    many.create({"first_name": "Zoe", "last_name": "Other"})
    seen, cursor = list(first.items), first.next
    while cursor is not None:
        page = many.search("gar zo", limit=limit, cursor=cursor)
        seen += page.items
        cursor = page.next
    assert [p.first_name for p in seen] == ["Zoa", "Zob", "Zoc"]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_pass_over_profiles_that_hit_many_times(each_engine: Engine, limit: int) -> None:
    made = []
    for n in range(6):
        emails = [f"gar.{box}@example.org" for box in range(12)]
        given = {"last_name": "Garcia", "first_name": f"N{n}", "emails": emails}
        made.append(each_engine.create(given).id)
    assert [p.id for p in pages(each_engine, "gar", limit=limit)] == made


def _flip(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def test_a_cursor_cannot_be_forged_and_shows_no_name(people: Engine) -> None:
    cursor = people.search("garcia", limit=1).next
    assert cursor is not None
    assert "garc" not in cursor.casefold()
    assert [p.first_name for p in people.search("garcia", cursor=cursor).items] == ["Bruno"]
    for at in range(len(cursor) - 1):
        with pytest.raises(InvalidProfile) as refused:
            people.search("garcia", cursor=_flip(cursor, at))
        assert [p.path for p in refused.value.problems] == ["/cursor"]


def test_a_cursor_belongs_to_its_query_and_its_store(people: Engine) -> None:
    cursors = [people.search("garcia", limit=1).next, people.search(limit=1).next]
    for cursor in cursors:
        for query in ({"text": "ivan"}, {"tags": ["vip"]}, {"text": "garcia", "tags": ["vip"]}):
            with pytest.raises(InvalidProfile):
                people.search(cursor=cursor, **query)  # type: ignore[arg-type]
    with pytest.raises(InvalidProfile):
        open_engine().search("garcia", cursor=cursors[0])


@given(st.text(max_size=40))
@examples(200)
def test_no_text_makes_search_stumble(text: str) -> None:
    ENGINE.search(text, limit=5)


ENGINE = open_engine()
ENGINE.create(ANA)


@given(st.text(alphabet="ABCDEFGHabcdefgh0123456789-_=", max_size=60))
@examples(100)
def test_no_made_up_cursor_is_taken(cursor: str) -> None:
    with pytest.raises(InvalidProfile):
        ENGINE.search("garcia", cursor=cursor)


# ---- the feed


def test_the_feed_goes_on_behind_a_cursor(each_engine: Engine) -> None:
    made = [each_engine.create({"last_name": "x"}).id for _ in range(5)]
    seen: list[str] = []
    after: str | int = 0
    while page := each_engine.changes(after, limit=2):
        seen += [e.profile_id for e in page.items]
        if page.next == str(after):
            break
        assert page.next is not None
        after = page.next
    assert seen == made
    assert each_engine.changes(after).items == ()
    each_engine.update(made[0], {"title": "mx"})
    assert [e.type for e in each_engine.changes(after).items] == ["profile.updated"]


def test_the_feed_goes_on_past_what_the_actor_may_not_see(engine: Engine) -> None:
    from kit import P2

    made = engine.create({"last_name": "x"}).id
    for _ in range(5):
        engine.place_hold(made, kind="open-bill", property_id="P1")
    engine.update(made, {"title": "mx"})
    with engine.acting(P2):
        page = engine.changes(1, limit=5)
        assert (page.items, page.next) == ((), "6")
        assert [e.type for e in engine.changes(page.next or "").items] == ["profile.updated"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"after": "soon"}, "/after"),
        ({"after": -1}, "/after"),
        ({"after": True}, "/after"),
        ({"after": 2**63}, "/after"),
        ({"after": "9" * 20}, "/after"),
        ({"after": "9" * 6_000}, "/after"),
        ({"limit": 0}, "/limit"),
        ({"limit": 10_001}, "/limit"),
    ],
)
def test_a_feed_cursor_that_makes_no_sense_is_refused(
    each_engine: Engine, given: Any, path: str
) -> None:
    with pytest.raises(InvalidProfile) as refused:
        each_engine.changes(**given)
    assert [p.path for p in refused.value.problems] == [path]


def test_tags_are_one_but_for_signs_that_tell_them_apart(engine: Engine) -> None:
    tags = ("Früh-Anreise", "C++", "C#", "⭐", "🔥")
    ids = {
        tag: engine.create({"last_name": "x", "tags": [tag], "category": tag}).id for tag in tags
    }
    for tag, id in ids.items():
        assert [p.id for p in engine.search(tags=[tag]).items] == [id]
        assert [p.id for p in engine.search(category=tag).items] == [id]
    for spelling in ("fruh anreise", "FRÜH ANREISE", "früh.anreise"):
        assert [p.id for p in engine.search(tags=[spelling]).items] == [ids["Früh-Anreise"]]
