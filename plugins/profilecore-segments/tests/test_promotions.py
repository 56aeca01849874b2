"""Promotions: given once, used on stays, refused outside their days and segment, counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Actor, Engine, InvalidProfile, NotFound, ProfileCleared, ScopeDenied
from profilecore_segments import PromotionRefused, SegmentInUse, Segments
from profilecore_segments.promotions import Gift, Promotion, Use
from profilecore_segments.uptake import counted

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def offer(segments: Segments) -> Promotion:
    segments.define("vips", "tag = vip")
    return segments.define_promotion(
        "spring", "Spring nights", terms="Two for one.", segment="vips",
        starts_on=date(2026, 2, 1), ends_on=date(2026, 3, 31),
    )  # fmt: skip


def stay_of(engine: Engine, id: str, **values: Any) -> str:
    usual = {"property_id": "P1", "arrival": "2026-03-01", "source": "web"}
    return engine.record_stay(id, usual | values).id


def test_it_is_given_once(segments: Segments, guest: Any, clock: Any, offer: Promotion) -> None:
    a = guest(tags=["vip"], marketing_source="fair")
    first = segments.give(" Spring ", a)
    clock.move(days=1)
    assert segments.give("SPRING", a) == first
    assert (first.code, first.segment, first.source) == ("SPRING", "vips", "fair")
    assert segments.gifts(a) == [first]


def test_it_is_used_on_a_stay_once_and_not_more_often_than_it_says(
    engine: Engine, segments: Segments, guest: Any, offer: Promotion
) -> None:
    a = guest(tags=["vip"])
    one, two = stay_of(engine, a), stay_of(engine, a, reference="2")
    segments.give("SPRING", a)
    used = segments.use("SPRING", a, one)
    assert [use.stay_id for use in used.used] == [one]
    assert segments.use("SPRING", a, one) == used
    with pytest.raises(PromotionRefused) as refused:
        segments.use("SPRING", a, two)
    assert refused.value.reason == "used-up"


def test_it_is_refused_outside_its_days_and_segment(
    engine: Engine, segments: Segments, guest: Any, clock: Any, offer: Promotion
) -> None:
    a, b, c = guest(tags=["vip"]), guest(), guest(tags=["vip"])
    reasons = []
    stay = stay_of(engine, a)
    for days, who in ((-60, a), (60, b), (0, c)):
        clock.move(days=days)
        try:
            segments.give("SPRING", who)
        except PromotionRefused as refused:
            reasons.append(refused.reason)
    with pytest.raises(PromotionRefused) as unused:
        segments.use("SPRING", a, stay)
    segments.give("SPRING", a)
    clock.move(days=31)
    with pytest.raises(PromotionRefused) as late:
        segments.use("SPRING", a, stay)
    assert [*reasons, unused.value.reason, late.value.reason] == [
        "too-early", "segment", "not-given", "too-late",
    ]  # fmt: skip


def test_of_two_gifts_that_a_merge_brings_together_one_is_shown(
    engine: Engine, segments: Segments, guest: Any, clock: Any, offer: Promotion
) -> None:
    a, b = guest(tags=["vip"]), guest(tags=["vip"])
    stays = [stay_of(engine, a), stay_of(engine, b)]
    first = segments.give("SPRING", b)
    clock.move(days=1)
    segments.give("SPRING", a)
    for who, stay in zip((a, b), stays, strict=True):
        segments.use("SPRING", who, stay)
    merged = engine.merge(engine.plan_merge(a, [b]))
    (gift,) = segments.gifts(a)
    assert gift.given_at == first.given_at
    assert {use.stay_id for use in gift.used} == set(stays)
    uptake = segments.uptake("SPRING")
    assert (uptake.given, uptake.used, uptake.stays) == (1, 1, 2)
    engine.unmerge(merged.id)
    assert segments.uptake("SPRING").given == 2


@pytest.mark.parametrize("asked", [0, 1])
def test_what_is_used_after_a_merge_goes_with_its_stay_when_that_is_undone(
    each_engine: Engine, asked: int
) -> None:
    segments = Segments(each_engine)
    people = [each_engine.create({"last_name": name}).id for name in "ab"]
    stays = [stay_of(each_engine, id) for id in people]
    segments.define_promotion("TWICE", "Twice", uses=2)
    for id in people:
        segments.give("TWICE", id)
    segments.use("TWICE", people[1 - asked], stays[1 - asked])
    merged = each_engine.merge(each_engine.plan_merge(people[0], [people[1]]))
    used = segments.use("TWICE", people[0], stays[asked])
    assert {use.stay_id for use in used.used} == set(stays)
    assert segments.use("TWICE", people[0], stays[asked]) == used
    third = stay_of(each_engine, people[0], reference="3")
    with pytest.raises(PromotionRefused):
        segments.use("TWICE", people[0], third)
    each_engine.unmerge(merged.id)
    for id, stay in zip(people, stays, strict=True):
        (gift,) = segments.gifts(id)
        assert [use.stay_id for use in gift.used] == [stay]
    assert segments.uptake("TWICE").stays == 2
    assert len(segments.use("TWICE", people[0], third).used) == 2


def test_a_gift_that_only_who_was_merged_in_has_is_used_as_theirs(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    a, b = guest(), guest()
    segments.define_promotion("ONE", "One")
    segments.give("ONE", b)
    merged = engine.merge(engine.plan_merge(a, [b]))
    segments.use("ONE", a, stay_of(engine, a))
    engine.unmerge(merged.id)
    assert segments.gifts(a) == []
    assert [len(gift.used) for gift in segments.gifts(b)] == [1]


@pytest.mark.parametrize("status", ["cancelled", "no_show", "optional", "enquired"])
def test_it_is_not_used_on_what_is_no_stay(
    engine: Engine, segments: Segments, guest: Any, status: str
) -> None:
    segments.define_promotion("ONE", "One")
    segments.give("ONE", a := guest())
    with pytest.raises(PromotionRefused) as refused:
        segments.use("ONE", a, stay_of(engine, a, status=status))
    assert refused.value.reason == "stay"


def test_uptake_is_counted_by_segment_and_source(
    engine: Engine, segments: Segments, guest: Any, offer: Promotion
) -> None:
    segments.define_promotion("ALL", "For all", uses=2)
    a, b = guest(tags=["vip"], marketing_source="fair"), guest()
    for who in (a, b):
        segments.give("ALL", who)
    segments.use("ALL", a, stay_of(engine, a))
    segments.use("ALL", a, stay_of(engine, a, reference="2", source=None))
    found = segments.uptake("ALL")
    assert (found.given, found.used, found.stays) == (2, 1, 2)
    assert found.by_segment == {"(none)": (2, 1)}
    assert found.by_source == {"(none)": (1, 0), "fair": (1, 1)}
    assert found.stays_by_source == {"(none)": 1, "web": 1}
    assert segments.uptake("SPRING").given == 0


def test_uptake_takes_spellings_of_a_source_as_one(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    segments.define_promotion("ALL", "For all")
    for source in ("web", "Web", "web"):
        a = guest(marketing_source=source)
        segments.give("ALL", a)
        segments.use("ALL", a, stay_of(engine, a, source=source))
    found = segments.uptake("ALL")
    assert (found.by_source, found.stays_by_source) == ({"web": (3, 3)}, {"web": 3})


def test_uptake_hides_what_tells_of_few(engine: Engine, segments: Segments, guest: Any) -> None:
    segments.define_promotion("ALL", "For all")
    used = {"fair": 4, "web": 2, "walk-in": 0}
    for source, number in used.items():
        for n in range(6):
            a = guest(marketing_source=source)
            segments.give("ALL", a)
            if n < number:
                segments.use("ALL", a, stay_of(engine, a))
    found = segments.uptake("ALL", min_group=3)
    # Two of the web used it, and two of the fair did not.
    assert found.by_source == {"fair": None, "walk-in": (6, 0), "web": None}
    assert (found.given, found.used, found.stays_by_source) == (18, 6, {"web": 6})
    with pytest.raises(InvalidProfile, match="min_group"):
        segments.uptake("ALL", min_group=0)


NAMES = st.sampled_from(["a", "b", "c", "d", None])
GIFTS = st.builds(
    lambda segment, source, used: Gift(
        code="ALL", given_at=AT, segment=segment, source=source,
        used=tuple(Use(str(n), AT, of) for n, of in enumerate(used)),
    ),
    NAMES, NAMES, st.lists(NAMES, max_size=2),
)  # fmt: skip


@given(st.lists(GIFTS, max_size=30), st.integers(2, 6))
def test_no_few_can_be_worked_out_of_an_uptake(gifts: list[Gift], least: int) -> None:
    plain, told = counted("ALL", gifts), counted("ALL", gifts, least)

    def tells_of_few(number: int) -> bool:
        return 0 < number < least

    for shown, exact in ((told.by_segment, plain.by_segment), (told.by_source, plain.by_source)):
        assert shown.keys() == exact.keys()
        seen = [takers for takers in shown.values() if takers is not None]
        for given_, used in seen:
            assert not any(map(tells_of_few, (given_, used, given_ - used)))
        # Who takes what is shown from a total has what is hidden together.
        if told.given is not None:
            assert not tells_of_few(told.given - sum(given_ for given_, _ in seen))
        if told.given is not None and told.used is not None:
            rest = told.used - sum(used for _, used in seen)
            others = told.given - told.used - sum(given_ - used for given_, used in seen)
            assert not tells_of_few(rest)
            assert not tells_of_few(others)
    for source, stays in told.stays_by_source.items():
        people = {
            n for n, g in enumerate(gifts) if source in {u.source or "(none)" for u in g.used}
        }
        assert stays is None or not tells_of_few(len(people))


def test_gifts_show_in_access_and_are_counted_after_a_clear(
    each_engine: Engine,
) -> None:
    segments = Segments(each_engine)
    a = each_engine.create({"last_name": "x", "marketing_source": "fair"}).id
    segments.define_promotion("SPRING", "Spring", uses=2)
    segments.give("SPRING", a)
    made = {"status": "departed", "departure": "2026-03-02"}
    stays = [stay_of(each_engine, a, reference=f"R{n}", **made) for n in range(2)]
    for stay in stays:
        segments.use("SPRING", a, stay)
    assert each_engine.access(a)["documents"]["promotion_gift"][0]["code"] == "SPRING"
    before = segments.uptake("SPRING")
    each_engine.clear(a)
    assert segments.uptake("SPRING") == before
    assert (before.given, before.used, before.stays) == (1, 1, 2)
    assert before.by_source == {"fair": (1, 1)}
    assert segments.holders("SPRING") == []
    assert segments.gifts(a) == []
    with each_engine.store.read() as reader:
        (left,) = reader.listing("promotion_gift", None, 10)
    assert not any(stay.encode() in left.body for stay in stays)
    assert b"2026-03-01T00:00:00" in left.body
    for verb in (lambda: segments.use("SPRING", a, "x"), lambda: segments.take_back("SPRING", a)):
        with pytest.raises(ProfileCleared):
            verb()


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_a_use_lapses_with_its_stay(each_engine: Engine, status: str) -> None:
    segments = Segments(each_engine)
    a = each_engine.create({"last_name": "x"}).id
    segments.define_promotion("ONE", "One")
    segments.give("ONE", a)
    one, two = (stay_of(each_engine, a, reference=n) for n in "12")
    segments.use("ONE", a, one)
    stay_of(each_engine, a, reference="1", status=status)
    (gift,) = segments.gifts(a)
    assert gift.used == ()
    assert (segments.uptake("ONE").used, segments.uptake("ONE").stays) == (0, 0)
    assert segments.use("ONE", a, one).used == ()
    assert [use.stay_id for use in segments.use("ONE", a, two).used] == [two]
    assert segments.uptake("ONE").stays == 1
    with pytest.raises(PromotionRefused):
        segments.use("ONE", a, stay_of(each_engine, a, reference="3"))


def test_who_has_a_promotion_is_listed_with_the_stays_it_was_used_on(
    engine: Engine, segments: Segments, guest: Any, clock: Any, offer: Promotion
) -> None:
    a, b, c = (guest(tags=["vip"]) for _ in range(3))
    hidden = guest(tags=["vip"], shared_level="property", property_id="P1")
    segments.define_promotion("OTHER", "Another")
    segments.give("OTHER", a)
    for who in (b, a, c, hidden):
        segments.give("SPRING", who)
        clock.move(hours=1)
    segments.use("SPRING", a, stay := stay_of(engine, a))
    engine.merge(engine.plan_merge(a, [c]))
    found = segments.holders("SPRING")
    assert [(id, [use.stay_id for use in gift.used]) for id, gift in found] == [
        (b, []), (a, [stay]), (hidden, []),
    ]  # fmt: skip
    assert [id for id, _ in segments.holders("SPRING", 1)] == [b]
    with engine.acting(Actor("d", property_id="P2")):
        assert [id for id, _ in segments.holders("SPRING")] == [b, a]
    with pytest.raises(NotFound):
        segments.holders("NONE")
    with pytest.raises(InvalidProfile):
        segments.holders("SPRING", 0)


def test_one_that_ended_is_given_to_nobody_and_used_by_who_has_it(
    engine: Engine, segments: Segments, guest: Any, clock: Any, offer: Promotion
) -> None:
    a, b = (guest(tags=["vip"]) for _ in range(2))
    given = segments.give("SPRING", a)
    ended = segments.end_promotion("spring")
    clock.move(days=1)
    assert segments.end_promotion("SPRING") == ended
    assert segments.give("SPRING", a) == given
    with pytest.raises(PromotionRefused) as refused:
        segments.give("SPRING", b)
    assert refused.value.reason == "ended"
    assert len(segments.use("SPRING", a, stay_of(engine, a)).used) == 1
    with engine.acting(Actor("d", property_id="P2")), pytest.raises(ScopeDenied):
        segments.end_promotion("SPRING")
    segments.define_promotion("SPRING", "Spring again", segment="vips")
    assert segments.give("SPRING", b).code == "SPRING"


def test_a_gift_is_taken_back_while_it_is_unused(
    engine: Engine, segments: Segments, guest: Any, offer: Promotion
) -> None:
    a, b, c = (guest(tags=["vip"]) for _ in range(3))
    for who in (a, b, c):
        segments.give("SPRING", who)
    segments.use("SPRING", a, stay_of(engine, a, reference="1"))
    engine.merge(engine.plan_merge(b, [c]))
    reasons = []
    for _ in range(2):
        for who in (a, b):
            try:
                segments.take_back("SPRING", who)
            except PromotionRefused as refused:
                reasons.append(refused.reason)
        stay_of(engine, a, reference="1", status="cancelled")
    assert reasons == ["used", "not-given"]
    assert segments.uptake("SPRING").given == 0
    assert segments.give("SPRING", a).used == ()


def test_a_segment_is_not_dropped_while_a_promotion_is_for_it(
    engine: Engine, segments: Segments, guest: Any, offer: Promotion
) -> None:
    segments.define_promotion("AUTUMN", "Autumn", segment="vips")
    with pytest.raises(SegmentInUse) as refused:
        segments.drop("vips")
    assert refused.value.promotions == ("AUTUMN", "SPRING")
    assert "AUTUMN, SPRING" in str(refused.value)
    assert refused.value.details() == {"segment": "vips", "promotions": ["AUTUMN", "SPRING"]}
    segments.end_promotion("SPRING")
    segments.define_promotion("AUTUMN", "Autumn")
    assert segments.drop("vips")


def test_what_is_wrong_with_a_promotion_is_told_at_once(
    engine: Engine, segments: Segments, guest: Any
) -> None:
    with pytest.raises(InvalidProfile) as refused:
        segments.define_promotion(
            "no code!", " ", starts_on=date(2026, 2, 1), ends_on=date(2026, 1, 1), uses=0
        )
    paths = {problem.path for problem in refused.value.problems}
    assert paths == {"/code", "/name", "/ends_on", "/uses"}
    with pytest.raises(NotFound):
        segments.define_promotion("X", "x", segment="nobody")
    for code in ("NONE", "!"):
        with pytest.raises(NotFound):
            segments.give(code, guest())
    with engine.acting(Actor("a", property_id="P1")), pytest.raises(ScopeDenied):
        segments.define_promotion("X", "x")
    segments.define_promotion("X", "x")
    segments.give("X", id := guest())
    with pytest.raises(NotFound):
        segments.use("X", id, "no-stay")
    assert [p.code for p in segments.promotions()] == ["X"]
