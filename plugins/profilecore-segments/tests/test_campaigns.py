"""Campaign lists: who is on them at this moment, what is recorded, what goes with a clear."""

from __future__ import annotations

import csv
import hashlib
import re
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Actor, Engine, InvalidProfile, NotFound, ScopeDenied
from profilecore_segments import Segments, SegmentsPlugin
from profilecore_segments.listing import harmless

TWO = ["a@example.org", {"value": "b@example.org", "primary": True}]
MUM = [{"value": "mum@example.org", "type": "emergency"}]
HOME = {"value": "home@example.org", "type": "home"}
WORK = {"value": "work@example.org", "type": "business"}
YES = [{"purpose": "news", "status": "granted", "channel": "email"}]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def export(segments: Segments, path: Path, segment: str = "type = guest", **more: Any) -> Any:
    return segments.export(segment, path, **({"channel": "email", "purpose": "news"} | more))


def test_only_who_agrees_and_has_an_address_is_on_it(
    engine: Engine, segments: Segments, guest: Any, tmp_path: Path
) -> None:
    ana = guest(
        first_name="Ana", second_last_name="Ruiz", languages=["es"], emails=["ana@example.org"],
        consents=YES,
    )  # fmt: skip
    guest(emails=["no@example.org"])
    guest(consents=YES)
    guest(consents=YES, emails=["x@guest.booking.com"])
    guest(consents=YES, emails=["b@example.org"], classifications=["blocklist"])
    barred = [{"kind": "blocklist"}]
    guest(consents=YES, emails=["r@example.org"], restrictions=barred)
    over = [{"kind": "blocklist", "until": "2026-01-01"}]
    forgiven = guest(consents=YES, emails=["f@example.org"], restrictions=over)
    made = export(segments, tmp_path / "list.csv")
    found = rows(tmp_path / "list.csv")
    assert [row["profile_id"] for row in found] == [ana, forgiven]
    assert found[0] == {
        "profile_id": ana, "title": "", "first_name": "Ana", "last_name": "García Ruiz",
        "language": "es", "email": "ana@example.org",
    }  # fmt: skip
    assert made.count == 2
    assert made.left_out == {"blocklist": 2, "no-address": 2, "no-consent": 1}


def test_a_revoked_consent_counts_at_once(
    engine: Engine, segments: Segments, guest: Any, clock: Any, tmp_path: Path
) -> None:
    ana = guest(emails=["ana@example.org"], consents=YES)
    assert export(segments, tmp_path / "1.csv").count == 1
    clock.move(seconds=1)
    engine.update(ana, {"consents": [YES[0] | {"status": "revoked"}]})
    assert export(segments, tmp_path / "2.csv").count == 0


def test_a_consent_revoked_between_choosing_and_writing_counts(
    engine: Engine, segments: Segments, guest: Any, clock: Any, tmp_path: Path
) -> None:
    ana = guest(emails=["ana@example.org"], consents=YES, tags=["vip"])

    def meanwhile(words: str, *_: Any) -> None:
        if words == "Members":
            clock.move(seconds=1)
            engine.update(ana, {"consents": [YES[0] | {"status": "revoked"}]})

    made = export(segments, tmp_path / "1.csv", "tag = vip", watch=meanwhile)
    assert (made.count, made.left_out) == (0, {"no-consent": 1})


@pytest.mark.parametrize(
    ("channel", "field", "items", "column", "value"),
    [
        ("sms", "phones", ["+34600111222"], "phone", "+34600111222"),
        ("sms", "phones", [{"value": "+34600111222", "tech": "fax"}], "phone", None),
        ("phone", "phones", [{"value": "+34955111222", "tech": "voice"}], "phone", "+34955111222"),
        ("phone", "phones", [{"value": "+34955111222", "tech": "fax"}], "phone", None),
        ("post", "addresses", [{"line1": "Calle 1", "city": "Sevilla"}], "line1", "Calle 1"),
        ("post", "addresses", [{"text": "Calle 1\nSevilla"}], "line1", "Calle 1, Sevilla"),
        ("post", "addresses", [{"country": "ES"}], "line1", None),
        ("email", "emails", MUM, "email", None),
        ("email", "emails", [*MUM, "b@example.org"], "email", "b@example.org"),
        ("email", "emails", [WORK, HOME], "email", "home@example.org"),
        ("email", "emails", [WORK | {"primary": True}, HOME], "email", "work@example.org"),
        ("email", "emails", [WORK, "b@example.org"], "email", "b@example.org"),
        ("phone", "phones", [{"value": "+34600111222", "use": "emergency"}], "phone", None),
        ("sms", "phones", [{"value": "+34600111222", "use": "emergency"}], "phone", None),
        ("email", "emails", TWO, "email", "b@example.org"),
    ],
)  # fmt: skip
def test_each_channel_has_its_address(
    segments: Segments, guest: Any, tmp_path: Path, channel: str, field: str, items: Any,
    column: str, value: str | None,
) -> None:  # fmt: skip
    guest(**{field: items}, consents=[YES[0] | {"channel": channel}])
    export(segments, tmp_path / "list.csv", channel=channel)
    assert [row[column] for row in rows(tmp_path / "list.csv")] == (
        [] if value is None else [value]
    )


def test_who_objected_is_left_out(open_engine: Any, tmp_path: Path) -> None:
    engine = open_engine(profilecore={"suppression_key": "k" * 32})
    ana = {"last_name": "García", "emails": ["ana@example.org"]}
    engine.clear(engine.create(ana).id, objected=True)
    engine.create(ana | {"consents": YES})
    made = export(Segments(engine), tmp_path / "list.csv")
    assert (made.count, made.left_out) == (0, {"objected": 1})


def test_there_is_no_list_where_it_cannot_be_told_who_objected(
    open_engine: Any, tmp_path: Path
) -> None:
    engine = open_engine(profilecore={"suppression_key": "k" * 32})
    engine.clear(engine.create({"last_name": "x", "emails": ["x@example.org"]}).id, objected=True)
    bare = Engine(engine.store, plugins=[SegmentsPlugin], discover=False)
    with pytest.raises(InvalidProfile, match="suppression_key"):
        export(Segments(bare), tmp_path / "list.csv")
    assert not (tmp_path / "list.csv").exists()


def test_merged_and_cleared_people_are_not_on_it(
    engine: Engine, segments: Segments, guest: Any, tmp_path: Path
) -> None:
    a, b, c = (guest(emails=[f"{n}@example.org"], consents=YES) for n in "abc")
    engine.merge(engine.plan_merge(a, [b]))
    engine.clear(c)
    export(segments, tmp_path / "list.csv")
    assert [row["profile_id"] for row in rows(tmp_path / "list.csv")] == [a]


def test_json_holds_the_same_rows(segments: Segments, guest: Any, tmp_path: Path) -> None:
    for name in "ab":
        guest(emails=[f"{name}@example.org"], consents=YES)
    export(segments, tmp_path / "list.csv")
    export(segments, tmp_path / "list.json", format="json")
    assert msgspec.json.decode((tmp_path / "list.json").read_bytes()) == rows(tmp_path / "list.csv")
    export(segments, tmp_path / "none.json", "tag = nobody", format="json")
    assert msgspec.json.decode((tmp_path / "none.json").read_bytes()) == []


def test_that_it_was_made_is_recorded_without_personal_data(
    engine: Engine, segments: Segments, guest: Any, tmp_path: Path
) -> None:
    guest(first_name="Canary", emails=["canary@example.org"], consents=YES, tags=["vip"])
    segments.define("vips", "tag = vip")
    path = tmp_path / "list.csv"
    with engine.acting(Actor("marketing")):
        made = export(segments, path, "vips")
    assert segments.campaigns() == [made]
    assert (made.segment, made.made_by) == ("vips", "marketing")
    again = export(segments, tmp_path / "again.csv", "last_name = canary or tag = vip")
    assert again.segment is None
    assert again.digest != made.digest
    assert made.checksum == hashlib.sha256(path.read_bytes()).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for each in (made, again):
        assert "canary" not in msgspec.json.encode(each).decode().casefold()
        assert "canary" not in repr(each).casefold()


def test_an_entry_on_each_person_shows_in_access_and_goes_with_a_clear(
    engine: Engine, segments: Segments, guest: Any, tmp_path: Path
) -> None:
    ana = guest(emails=["ana@example.org"], consents=YES)
    made = export(segments, tmp_path / "list.csv")
    (entry,) = engine.access(ana)["documents"]["campaign_addressed"]
    assert (entry["campaign"], entry["channel"], entry["purpose"]) == (made.id, "email", "news")
    engine.clear(ana)
    assert engine.documents("campaign_addressed") == []
    assert len(segments.campaigns()) == 1


def test_a_list_that_fails_leaves_no_file_and_no_record(
    engine: Engine, segments: Segments, guest: Any, tmp_path: Path
) -> None:
    guest(emails=["ana@example.org"], consents=YES)

    def stop(words: str, *_: Any) -> None:
        if words == "Written":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(segments, tmp_path / "list.csv", watch=stop)
    assert list(tmp_path.iterdir()) == []
    assert segments.campaigns() == []
    assert engine.documents("campaign_addressed") == []


@pytest.mark.parametrize(
    "wrong", [{"channel": "fax"}, {"purpose": " "}, {"purpose": "x" * 51}, {"format": "pdf"}]
)
def test_what_is_asked_wrongly_is_refused(
    segments: Segments, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidProfile):
        export(segments, tmp_path / "list.csv", **wrong)
    with pytest.raises(NotFound):
        export(segments, tmp_path / "list.csv", "nobody")


def test_a_property_makes_no_list_of_the_chain(
    engine: Engine, segments: Segments, tmp_path: Path
) -> None:
    with engine.acting(Actor("a", property_id="P1")), pytest.raises(ScopeDenied):
        export(segments, tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"), (" =1", " '=1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3", "'-2+3"),
        ("+1+cmd", "'+1+cmd"), ("\t=1", "'\t'=1"), ("\tx", "'\tx"),
        ("+34600111222", "+34600111222"), ("Ana", "Ana"),
        ("x;=1+1", "x;'=1+1"), ("x\t @A1", "x\t '@A1"), ("=1;;-2", "'=1;;'-2"), ("x,+1", "x,'+1"),
        ("＝1+1", "'＝1+1"), ("García-Núñez; Ruiz", "García-Núñez; Ruiz"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(cell: str, shown: str) -> None:
    assert harmless(cell) == shown


@given(st.text(max_size=20) | st.text("ab=+-@;,\t\n '1", max_size=12))
def test_whatever_a_cell_holds_no_spreadsheet_evaluates_it(cell: str) -> None:
    shown = harmless(cell)
    assert shown.replace("'", "") == cell.replace("'", "")
    for part in re.split("[;,|\t\r\n]", shown):
        begins = part.lstrip()[:1]
        assert begins not in ("=", "@", "-") or not begins
        assert begins != "+" or shown[1:].isdigit()
