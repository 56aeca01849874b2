"""Tags over all profiles, marketing sources, and who joined or left a segment."""

from __future__ import annotations

from typing import Any

import pytest

from profilecore import Actor, Engine, InvalidProfile, NotFound, Problem, ScopeDenied, hookimpl
from profilecore_segments import ExpressionError, Segments
from profilecore_segments.movements import Membership
from profilecore_segments.plugin import SegmentsPlugin


def tags(engine: Engine, *ids: str) -> list[set[str]]:
    return [set(engine.get(id).tags) for id in ids]


def test_tags_are_counted_whatever_their_spelling(segments: Segments, guest: Any) -> None:
    for given in (["VIP", "golf"], ["vip"], ["vip"], []):
        guest(tags=given)
    assert [(c.tag, c.profiles) for c in segments.tags()] == [("vip", 3), ("golf", 1)]


def test_a_renamed_tag_is_changed_as_by_a_clerk(
    each_engine: Engine,
) -> None:
    segments = Segments(each_engine)
    made = [
        each_engine.create({"last_name": "x", "tags": t}).id
        for t in (["VIP", "golf"], ["vip"], ["spa"], ["gold", "vip"])
    ]
    before = each_engine.changes(limit=100).next
    with each_engine.acting(Actor("marketing")):
        done = segments.rename_tag("Vip", "gold")
    assert tags(each_engine, *made) == [{"gold", "golf"}, {"gold"}, {"spa"}, {"gold"}]
    assert (done.changed, done.refused) == (3, ())
    events = each_engine.changes(after=before or 0, limit=100).items
    changed = [e for e in events if e.type == "profile.updated"]
    assert [e.fields for e in changed] == [("tags",)] * 3
    assert {e.actor for e in changed} == {"marketing"}
    assert segments.count("tag = gold") == 3
    with pytest.raises(NotFound):
        segments.rename_tag("vip", "gold")


def test_rare_tags_can_be_left_out(segments: Segments, guest: Any) -> None:
    for tags in (["vip", "golf"], ["VIP"]):
        guest(tags=tags)
    assert [(c.tag, c.profiles) for c in segments.tags(min_group=2)] == [("vip", 2)]
    with pytest.raises(InvalidProfile):
        segments.tags(min_group=0)


def test_a_tag_that_the_actor_sees_on_nobody_is_not_found(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    a = guest(tags=["vip"], shared_level="property", property_id="P1")
    guest(tags=["golf"])
    with pytest.raises(NotFound):
        segments.merge_tags(["nope", "never"], "star")
    with engine.acting(Actor("b", property_id="P2")), pytest.raises(NotFound):
        segments.rename_tag("vip", "star")
    assert segments.merge_tags(["nope", "golf"], "star").changed == 1
    assert tags(engine, a) == [{"vip"}]


def test_a_run_names_what_it_changed(engine: Engine, segments: Segments, guest: Any) -> None:
    a, b = guest(tags=["red", "blue"]), guest(tags=["blue", "green"])
    done = segments.merge_tags(["red", "blue"], "green")
    named = {id: (set(r.removed), r.added) for id, r in segments.retagged(done.run)}
    assert named == {a: ({"red", "blue"}, "green"), b: ({"blue"}, None)}
    engine.clear(a)
    assert [id for id, _ in segments.retagged(done.run)] == [b]


def test_a_spelling_can_be_changed(engine: Engine, segments: Segments, guest: Any) -> None:
    a, b = guest(tags=["VIP"]), guest(tags=["vip"])
    assert segments.rename_tag("VIP", "vip").changed == 1
    assert tags(engine, a, b) == [{"vip"}, {"vip"}]


def test_a_run_names_the_saved_segments_that_ask_for_what_is_gone(
    segments: Segments, guest: Any
) -> None:
    guest(tags=["vip"])
    for name, expression in (
        ("a", "not (tag in (golf, VIP) and nationality = ES)"),
        ("b", "tag = gold or category = vip"),
        ("c", "tag = vip"),
    ):
        segments.define(name, expression)
    assert segments.rename_tag("vip", "Vip").segments == ()
    assert segments.merge_tags(["vip", "silver"], "gold").segments == ("a", "c")
    assert segments.get("c").expression == "tag = vip"


@pytest.mark.parametrize(
    "expression",
    [" or ".join(f"tag=a{n}" for n in range(670)), "not " * 32 + "tag != x"],
    ids=["long", "deep"],
)
def test_a_segment_that_could_not_be_read_again_is_not_saved(
    segments: Segments, guest: Any, expression: str
) -> None:
    guest(tags=["a1"])
    segments.count(expression)
    with pytest.raises(ExpressionError, match="in its normal form"):
        segments.define("much", expression)
    assert segments.list() == ()
    assert segments.rename_tag("a1", "gold").changed == 1


class KeepsGold:
    """Refuses the tag gold to whoever is tagged as fixed."""

    @hookimpl
    def profilecore_check_change(self, change: Any) -> Any:
        if "fixed" in change.after.tags and "gold" in change.after.tags:
            return [Problem("/tags", "locked", "is locked")]
        return None


def test_a_profile_that_is_refused_keeps_its_tags_and_the_others_go_on(open_engine: Any) -> None:
    engine = open_engine(None, KeepsGold)
    a, b = (engine.create({"last_name": "x", "tags": t}).id for t in (["vip", "fixed"], ["vip"]))
    done = Segments(engine).rename_tag("vip", "gold")
    assert tags(engine, a, b) == [{"vip", "fixed"}, {"gold"}]
    assert [(r.profile_id, r.code) for r in done.refused] == [(a, "invalid-profile")]


def test_an_interrupted_run_goes_on_with_the_others(
    engine: Engine, segments: Segments, guest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from profilecore_segments import tagging

    monkeypatch.setattr(tagging, "AT_ONCE", 2)
    made = [guest(tags=["vip"]) for _ in range(5)]

    def stop(_words: str, done: int, _all: int | None) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segments.rename_tag("vip", "gold", watch=stop)
    assert [t == {"gold"} for t in tags(engine, *made)] == [True, True, False, False, False]
    assert segments.rename_tag("vip", "gold").changed == 3
    assert tags(engine, *made) == [{"gold"}] * 5


@pytest.mark.parametrize(("old", "new"), [("a", "a"), ("", "b"), ("a", " "), ("a", "x" * 51)])
def test_a_tag_that_is_none_is_refused(segments: Segments, old: str, new: str) -> None:
    with pytest.raises(InvalidProfile):
        segments.rename_tag(old, new)


def test_tags_of_signs_are_each_their_own(each_engine: Engine) -> None:
    segments = Segments(each_engine)
    a, b, c = (
        each_engine.create({"last_name": "x", "tags": t}).id for t in (["⭐"], ["🔥"], ["⭐", "C#"])
    )
    assert {each.tag: each.profiles for each in segments.tags()} == {"⭐": 2, "🔥": 1, "C#": 1}
    segments.define("stars", 'tag = "⭐"')
    segments.define("fire", 'tag = "🔥"')
    done = segments.rename_tag("⭐", "C++")
    assert (done.changed, done.segments) == (2, ("stars",))
    assert tags(each_engine, a, b, c) == [{"C++"}, {"🔥"}, {"C++", "C#"}]
    assert segments.rename_tag("🔥", "⭐").changed == 1
    assert segments.members('tag = "⭐"').items == (b,)


# ---- marketing sources


def test_a_closed_list_refuses_other_sources(open_engine: Any) -> None:
    engine = open_engine(
        segments={"sources": {"web": "Web", "Fair": "Fair"}, "sources_closed": True}
    )
    a = engine.create({"last_name": "x", "marketing_source": "FAIR"}).id
    for attempt in (
        lambda: engine.create({"last_name": "x", "marketing_source": "radio"}),
        lambda: engine.update(a, {"marketing_source": "radio"}),
    ):
        with pytest.raises(InvalidProfile) as refused:
            attempt()
        assert [p.path for p in refused.value.problems] == ["/marketing_source"]
        assert "radio" not in str(refused.value)
    engine.update(a, {"first_name": "Ana"})


def test_a_source_that_differs_by_a_sign_is_another(open_engine: Any) -> None:
    engine = open_engine(
        segments={"sources": {"C#": "Sharp", "♥": "Heart"}, "sources_closed": True}
    )
    for known in ("c#", "♥"):
        engine.create({"last_name": "x", "marketing_source": known})
    for unknown in ("C++", "C", "★"):
        with pytest.raises(InvalidProfile):
            engine.create({"last_name": "x", "marketing_source": unknown})


def test_an_open_list_decides_nothing(engine: Engine, guest: Any) -> None:
    guest(marketing_source="radio")
    assert "profilecore_check_change" not in engine.plugins.hooks_of(SegmentsPlugin.name)


def test_a_person_has_a_history_of_sources(engine: Engine, segments: Segments, guest: Any) -> None:
    a = guest(
        {"arrival": "2025-05-01", "source": "web", "channel": "website"},
        {"arrival": "2024-01-01", "source": "fair"},
        {"arrival": "2023-01-01", "source": "radio", "status": "no_show"},
    )
    assert [(t.source, t.channel) for t in segments.sources(a)] == [
        ("fair", None),
        ("web", "website"),
    ]


# ---- who joined and who left


def test_a_refresh_stores_who_joined_and_who_left(each_engine: Engine) -> None:
    segments = Segments(each_engine)
    segments.define("vips", "tag = vip")
    a, b = (each_engine.create({"last_name": n, "tags": ["vip"]}).id for n in "ab")
    first = segments.refresh("vips")
    assert (first.members, first.joined, first.left) == (2, 2, 0)
    moved = segments.changes()
    assert [(m.segment, m.profile_id, m.joined) for m in moved.items] == [
        ("vips", a, True), ("vips", b, True),
    ]  # fmt: skip
    each_engine.update(a, {"tags": []})
    c = each_engine.create({"last_name": "c", "tags": ["vip"]}).id
    again = segments.refresh("vips")
    assert (again.members, again.joined, again.left) == (2, 1, 1)
    found = {(m.profile_id, m.joined) for m in segments.changes(moved.next or 0).items}
    assert found == {(c, True), (a, False)}
    each_engine.update(a, {"tags": ["vip"]})
    assert segments.refresh("vips").joined == 1
    assert (segments.refresh("vips").joined, segments.refresh("vips").left) == (0, 0)
    assert segments.get("vips").refreshed_at is not None


def test_each_joining_and_leaving_is_one_movement(each_engine: Engine, clock: Any) -> None:
    segments = Segments(each_engine)
    for name in ("vips", "others"):
        segments.define(name, "tag = vip")
    a = each_engine.create({"last_name": "a"}).id
    for tags in (["vip"], [], ["vip"]):
        clock.move(days=1)
        each_engine.update(a, {"tags": tags})
        segments.refresh("vips")
        segments.refresh("others")
    found = segments.changes(limit=1_000).items
    moved = [(m.joined, m.at.day) for m in found if m.segment == "vips"]
    assert moved == [(True, 2), (False, 3), (True, 4)]
    only = segments.changes(limit=2, segment="vips")
    assert [m.joined for m in only.items] == [True, False]
    rest = segments.changes(only.next or 0, segment="vips")
    assert [m.joined for m in rest.items] == [True]
    assert segments.changes(rest.next or 0, segment="vips").items == ()


def test_a_membership_of_before_is_ended_and_begun_again(
    engine: Engine, segments: Segments, guest: Any, clock: Any
) -> None:
    """Until now one document was stored over: with the day of leaving, or without."""
    segments.define("vips", "tag = vip")
    a, b = guest(tags=[]), guest(tags=["vip"])
    for id, left in ((a, None), (b, clock.now)):
        made = Membership("vips", clock.now, left)
        engine.store_document("segment_membership", made, profile_id=id, id=f"old {id}")
    moved = segments.changes().next or 0
    done = segments.refresh("vips")
    assert (done.members, done.joined, done.left) == (1, 1, 1)
    found = {(m.profile_id, m.joined) for m in segments.changes(moved).items}
    assert found == {(a, False), (b, True)}
    assert segments.refresh("vips").joined == segments.refresh("vips").left == 0


def test_who_left_while_merged_has_left_after_an_unmerge(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    segments.define("vips", "tag = vip")
    a, b = (guest(tags=["vip"]) for _ in range(2))
    segments.refresh("vips")
    merge = engine.merge(engine.plan_merge(a, [b]))
    engine.update(a, {"tags": []})
    segments.refresh("vips")
    engine.unmerge(merge.id)
    for id in (a, b):
        engine.update(id, {"tags": []})
        assert len(engine.access(id)["documents"]["segment_membership"]) == 2
    assert segments.refresh("vips").left == 0
    engine.update(b, {"tags": ["vip"]})
    assert segments.refresh("vips").joined == 1


def test_refreshes_at_once_tell_each_joining_once(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    segments.define("vips", "tag = vip")
    guest(tags=["vip"])
    segments.refresh("vips", watch=lambda *_: segments.refresh("vips") and None)
    assert len(segments.changes().items) == 1


def test_merged_and_cleared_people_neither_join_twice_nor_stay(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    segments.define("vips", "tag = vip")
    a, b, c = (guest(tags=["vip"]) for _ in range(3))
    segments.refresh("vips")
    engine.merge(engine.plan_merge(a, [b]))
    engine.clear(c)
    done = segments.refresh("vips")
    assert (done.members, done.joined, done.left) == (1, 0, 0)
    engine.update(a, {"tags": []})
    assert segments.refresh("vips").left == 1
    assert segments.refresh("vips").left == 0


def test_an_interrupted_refresh_goes_on(
    engine: Engine, segments: Segments, guest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from profilecore_segments import members

    monkeypatch.setattr(members, "AT_ONCE", 1)
    for _ in range(25):
        guest(tags=["vip"])
    segments.define("vips", "tag = vip")

    def stop(_words: str, done: int, _all: int | None) -> None:
        if done > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segments.refresh("vips", watch=stop)
    before = len(segments.changes().items)
    assert 0 < before < 25
    assert segments.refresh("vips").joined == 25 - before


def test_a_change_of_a_segment_during_its_refresh_is_kept(each_engine: Engine) -> None:
    segments = Segments(each_engine)
    each_engine.create({"last_name": "x", "tags": ["vip"]})
    changes = [
        lambda: segments.define("vips", "tag = gold"),
        lambda: segments.define("vips", "tag = vip", "For the spring."),
        lambda: segments.drop("vips"),
    ]
    kept = []
    for change in changes:
        segments.define("vips", "tag = vip")
        segments.refresh("vips", watch=lambda *_, change=change: change())
        kept += [(s.expression, s.description, bool(s.refreshed_at)) for s in segments.list()]
    assert kept == [("tag = gold", "", False), ("tag = vip", "For the spring.", True)]


def test_a_segment_that_is_dropped_leaves_no_members_to_another_of_its_name(
    each_engine: Engine,
) -> None:
    segments = Segments(each_engine)
    a, b = (each_engine.create({"last_name": "x", "tags": [tag]}).id for tag in ("vip", "gold"))
    segments.define("mine", "tag = vip")
    segments.refresh("mine")
    moved = segments.changes().next
    with each_engine.acting(Actor("a", property_id="P1")), pytest.raises(ScopeDenied):
        segments.drop("mine")
    assert segments.drop("mine")
    assert not segments.drop("mine")
    assert [(m.profile_id, m.joined) for m in segments.changes(moved or 0).items] == [(a, False)]
    segments.define("mine", "tag = gold")
    again = segments.refresh("mine")
    assert (again.members, again.joined, again.left) == (1, 1, 0)
    assert segments.changes(moved or 0).items[-1].profile_id == b


def test_a_membership_says_nothing_of_the_person_and_shows_in_access(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    a = guest(tags=["vip"])
    segments.define("vips", "tag = vip")
    segments.refresh("vips")
    (held,) = engine.access(a)["documents"]["segment_membership"]
    assert held.keys() <= {"segment", "joined_at", "left_at"}
    with engine.acting(Actor("a", property_id="P1")), pytest.raises(ScopeDenied):
        segments.refresh("vips")
    with pytest.raises(InvalidProfile):
        segments.changes(limit=0)
