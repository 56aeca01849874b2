"""Campaign lists: what others say of an address, what is said of a channel, where a list goes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profilecore import Engine, InvalidProfile
from profilecore_segments import Segments
from profilecore_segments.campaigns import Campaign

YES = {"purpose": "news", "status": "granted", "channel": "email"}
NO = YES | {"status": "denied"}
SAME = {"emails": ["same@example.org"]}

Export = Callable[..., tuple[Campaign, list[str]]]


@pytest.fixture
def export(segments: Segments, tmp_path: Path) -> Export:
    """Give a function that makes a list and gives the ids on it too."""

    def export(channel: str = "email") -> tuple[Campaign, list[str]]:
        path = tmp_path / "list.csv"
        made = segments.export("type = guest", path, channel=channel, purpose="news", force=True)
        with path.open(encoding="utf-8", newline="") as file:
            return made, [row["profile_id"] for row in csv.DictReader(file)]

    return export


def test_an_address_is_on_a_list_once(guest: Any, export: Export) -> None:
    a, _, b = guest(**SAME, consents=[YES]), guest(**SAME, consents=[YES]), guest(
        emails=["b@example.org"], consents=[YES]
    )  # fmt: skip
    made, on_it = export()
    assert on_it == [a, b]
    assert (made.count, made.left_out) == (2, {"same-address": 1})


@pytest.mark.parametrize("order", [1, -1])
def test_an_address_that_anybody_denied_is_not_written_to(
    guest: Any, export: Export, order: int
) -> None:
    for consent in [YES, NO, YES][::order]:
        guest(**SAME, consents=[consent])
    made, on_it = export()
    assert (on_it, made.left_out) == ([], {"no-consent": 1, "same-address": 2})


def test_a_denial_of_who_is_no_member_counts_too(
    engine: Engine, segments: Segments, guest: Any, export: Export
) -> None:
    guest(**SAME, consents=[YES])
    denied = guest(**SAME, profile_type="company", consents=[NO])
    assert export()[1] == []
    engine.clear(denied)
    assert len(export()[1]) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"consents": []},
        {"consents": [NO | {"channel": "sms"}]},
        {"consents": [NO | {"purpose": "survey"}]},
        {"consents": [YES | {"expires_at": "2026-01-01T00:00:00Z"}]},
        {"consents": [NO], "emails": [{"value": "same@example.org", "type": "emergency"}]},
    ],
)
def test_only_a_denial_of_the_same_for_an_address_of_their_own_counts(
    guest: Any, export: Export, other: dict[str, Any]
) -> None:
    a = guest(**SAME, consents=[YES])
    guest(**SAME | other)
    assert export()[1] == [a]


def test_a_telephone_that_anybody_denied_is_not_rung(guest: Any, export: Export) -> None:
    for status in ("granted", "revoked"):
        consent = YES | {"channel": "phone", "status": status}
        guest(phones=["+34600111222"], consents=[consent])
    assert export("phone")[1] == []


def test_a_letter_goes_to_each_of_a_household(guest: Any, export: Export) -> None:
    home = [{"line1": "Calle 1", "city": "Sevilla"}]
    for _ in range(2):
        guest(addresses=home, consents=[YES | {"channel": "post"}])
    assert export("post")[0].count == 2


def said(status: str, month: int, channel: str | None = "email") -> dict[str, Any]:
    at = f"2026-{month:02}-01T00:00:00Z"
    return {"purpose": "news", "status": status, "channel": channel, "at": at}


@pytest.mark.parametrize(
    ("history", "agrees"),
    [
        ([said("revoked", 1), said("granted", 2, None)], False),
        ([said("revoked", 1), said("granted", 2)], True),
        ([said("revoked", 1, "sms"), said("granted", 2, None)], True),
        ([said("revoked", 1, None), said("granted", 2)], True),
        ([said("revoked", 1, None), said("granted", 2, None)], True),
        ([said("granted", 1), said("revoked", 2, None)], False),
        ([said("revoked", 1), said("granted", 2, None), said("granted", 3)], True),
    ],
)
def test_a_grant_for_all_channels_does_not_outweigh_the_denial_of_one(
    segments: Segments, guest: Any, history: list[dict[str, Any]], agrees: bool
) -> None:
    assert segments.has("consent(email, news)", guest(consents=history)) is agrees
    assert segments.has("consent(email, news)", guest(consents=history[::-1])) is agrees


def test_a_list_that_cannot_be_written_is_not_recorded(
    engine: Engine, segments: Segments, guest: Any, tmp_path: Path
) -> None:
    a = guest(**SAME, consents=[YES])
    mine = tmp_path / "mine.csv"
    mine.write_text("mine", encoding="utf-8")
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "nothing")
    for path in (tmp_path, tmp_path / "none" / "x.csv", mine, link):
        with pytest.raises(InvalidProfile) as refused:
            segments.export("type = guest", path, channel="email", purpose="news")
        assert [problem.path for problem in refused.value.problems] == ["/path"]
    assert mine.read_text(encoding="utf-8") == "mine"
    assert segments.campaigns() == []
    assert "campaign_addressed" not in engine.access(a)["documents"]
    with pytest.raises(InvalidProfile):
        segments.export("type = guest", tmp_path, channel="email", purpose="news", force=True)
    segments.export("type = guest", mine, channel="email", purpose="news", force=True)
    assert mine.read_text(encoding="utf-8") != "mine"
