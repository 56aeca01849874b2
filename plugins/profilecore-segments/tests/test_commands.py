"""The commands: tables for people, one JSON value for programs, a caret under what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from click.testing import CliRunner

from profilecore import Engine
from profilecore.cli import Invocation, main
from profilecore_segments import Segments
from profilecore_segments.saved import Segment


@attrs.frozen
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def run(engine: Engine) -> Run:
    def run(*args: str) -> Answer:
        result = CliRunner().invoke(main, args, obj=Invocation(given=engine))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


def test_tags_are_listed_renamed_and_merged(run: Run, guest: Any) -> None:
    a = guest(tags=["vip", "red"])
    assert run("tags", "list", "--json").json["items"] == [
        {"tag": "red", "profiles": 1}, {"tag": "vip", "profiles": 1},
    ]  # fmt: skip
    assert "1 profiles changed" in run("tags", "rename", "vip", "gold").out
    assert run("tags", "merge", "gold", "red", "--into", "top", "--json").json["changed"] == 1
    assert "top" in run("tags", "list").out
    assert "top" not in run("tags", "list", "--min-group", "2").out
    assert a


def test_segments_are_defined_listed_counted_and_explained(run: Run, guest: Any) -> None:
    a = guest(first_name="Ana", tags=["vip"])
    guest()
    assert run("segments", "define", "vips", "tags = VIP", "--description", "the best").code == 0
    assert run("segments", "list", "--json").json["items"][0]["expression"] == "tag = VIP"
    assert "the best" in run("segments", "list").out
    assert run("segments", "count", "vips").out == "1\n"
    assert run("segments", "members", "vips", "--json").json == {"items": [a], "next": None}
    assert "Ana" in run("segments", "members", "tag = vip").out
    assert "More with --cursor" in run("segments", "members", "type = guest", "--limit", "1").out
    explained = run("segments", "explain", "tag = vip and stays.count > 1")
    assert "narrowed" in explained.out
    assert run("segments", "explain", "vips", "--json").json["route"] == "index"
    assert "1 joined" in run("segments", "refresh", "vips").out


def test_a_segment_is_dropped_and_its_members_leave_it(
    run: Run, engine: Engine, guest: Any
) -> None:
    guest(tags=["vip"])
    for name in ("vips", "others"):
        run("segments", "define", name, "tag = vip")
    run("segments", "refresh", "vips")
    assert run("segments", "drop", "vips").out == "vips is gone.\n"
    assert [movement.joined for movement in Segments(engine).changes().items] == [True, False]
    assert run("segments", "drop", "others", "--json").json == {"dropped": "others"}
    assert run("segments", "list", "--json").json["items"] == []
    again = run("segments", "drop", "vips", "--json")
    assert (again.code, again.json["error"]) == (1, "not-found")


def test_who_joined_and_left_is_shown_page_by_page(run: Run, engine: Engine, guest: Any) -> None:
    a = guest(tags=["vip"])
    run("segments", "define", "vips", "tag = vip")
    assert run("segments", "changes", "vips", "--json").json["items"] == []
    run("segments", "refresh", "vips")
    engine.update(a, {"tags": []})
    run("segments", "refresh", "vips")
    first = run("segments", "changes", "vips", "--limit", "1", "--json").json
    assert [(m["profile_id"], m["joined"]) for m in first["items"]] == [(a, True)]
    shown = run("segments", "changes", "vips", "--cursor", first["next"]).out
    assert ("left" in shown, "joined" in shown) == (True, False)
    assert "More with --cursor" in run("segments", "changes", "vips", "--limit", "1").out
    refused = run("segments", "changes", "nope", "--json")
    assert (refused.code, refused.json["error"]) == (1, "not-found")


def test_a_segment_that_cannot_be_read_is_told_after_a_renaming(
    run: Run, engine: Engine, guest: Any
) -> None:
    guest(tags=["vip"])
    engine.store_document("segment", Segment("old", "tag = vip or"), id="old")
    told = run("tags", "rename", "vip", "gold")
    assert told.code == 0
    assert "The segment old cannot be read" in told.out
    assert run("segments", "drop", "old").code == 0


def test_a_wrong_expression_is_shown_with_a_caret(run: Run) -> None:
    answer = run("segments", "count", "tag = vip and natonality = ES")
    assert answer.code == 1
    assert answer.err.splitlines()[:2] == ["tag = vip and natonality = ES", " " * 14 + "^"]
    assert "column 15" in answer.err
    assert "Did you mean nationality?" in answer.err
    plain = run("segments", "define", "x", "tag", "--json")
    assert (plain.code, plain.json["error"]) == (1, "invalid-expression")
    assert (plain.json["line"], plain.json["column"]) == (1, 4)


def test_a_renamed_tag_is_told_with_the_segments_that_ask_for_it(run: Run, guest: Any) -> None:
    guest(tags=["vip"])
    run("segments", "define", "vips", "tag = vip")
    told = run("tags", "rename", "vip", "gold")
    assert told.code == 0
    assert "The segment vips asks for a tag that is gone" in told.out
    guest(tags=["vip"])
    assert run("tags", "merge", "vip", "--into", "gold", "--json").json["segments"] == ["vips"]
    for words in (("rename", "nope", "star"), ("merge", "nope", "--into", "star")):
        refused = run("tags", *words, "--json")
        assert (refused.code, refused.json["error"]) == (1, "not-found")


def test_a_list_is_exported_and_told(run: Run, guest: Any, tmp_path: Path) -> None:
    yes = [{"purpose": "news", "status": "granted", "channel": "email"}]
    guest(emails=["a@example.org"], consents=yes)
    guest()
    asked = ("segments", "export", "type = guest", str(tmp_path / "l.csv"), "--purpose", "news")
    told = run(*asked, "--channel", "email")
    assert "1 people written" in told.out
    assert "1 left out: no-consent" in told.out
    made = run(*asked[:3], str(tmp_path / "l.json"), "--purpose", "news", "--channel", "email",
               "--format", "json", "--json").json  # fmt: skip
    assert made["count"] == 1
    assert len(msgspec.json.decode((tmp_path / "l.json").read_bytes())) == 1


def test_promotions_from_definition_to_use(run: Run, engine: Engine, guest: Any) -> None:
    a = guest({"arrival": "2026-02-01", "source": "web"}, marketing_source="fair")
    stay = engine.stays(a)[0].id
    days = ("--from", "2026-02-01", "--to", "2026-04-01")
    made = run("promotions", "define", "spring", "Spring", *days)
    assert made.out == "SPRING: Spring\n"
    assert "SPRING" in run("promotions", "list").out
    assert run("promotions", "give", "spring", a, "--json").json["code"] == "SPRING"
    assert "1 stays" in run("promotions", "use", "spring", a, stay).out
    counted = run("promotions", "stats", "spring")
    assert "1 people have it, 1 used it" in counted.out
    assert "fair" in counted.out
    hidden = run("promotions", "stats", "spring", "--min-group", "2")
    assert "(hidden) people have it, (hidden) used it" in hidden.out
    assert "fair" in hidden.out
    refused = run("promotions", "use", "spring", guest(), stay, "--json")
    assert (refused.code, refused.json["error"]) == (1, "not-found")
    (held,) = run("promotions", "gifts", "spring", "--json").json["items"]
    assert (held["profile_id"], held["used"][0]["stay_id"]) == (a, stay)
    assert stay in run("promotions", "gifts", "spring").out
    refused = run("promotions", "take-back", "spring", a, "--json")
    assert (refused.code, refused.json["reason"]) == (1, "used")
    run("promotions", "give", "spring", b := guest())
    assert run("promotions", "take-back", "spring", b).out == f"{b} has it no more.\n"
    assert "nobody any more" in run("promotions", "end", "spring").out
    refused = run("promotions", "give", "spring", b, "--json")
    assert (refused.code, refused.json["reason"]) == (1, "ended")


def test_statistics_as_table_json_and_page(run: Run, guest: Any, tmp_path: Path) -> None:
    guest({"arrival": "2025-01-01", "source": "web", "revenue": 10_000, "currency": "EUR"})
    shown = run("stats", "source", "--html", str(tmp_path / "s.html"))
    assert "EUR 100.00" in shown.out
    assert "<svg" in (tmp_path / "s.html").read_text(encoding="utf-8")
    made = run("stats", "source", "--from", "2025-01-01", "--json").json
    assert made["groups"][0]["bookings"] == 1
    assert made["since"] == "2025-01-01"
    hidden = run("stats", "month", "--min-group", "2", "--json").json
    assert hidden["groups"][0]["hidden"]
    assert hidden["total"] is None
    assert "hidden" in run("stats", "month", "--min-group", "2").out


def test_a_column_that_would_be_empty_is_left_out(run: Run, guest: Any, tmp_path: Path) -> None:
    guest({"arrival": "2025-01-01", "source": "web"})
    html = tmp_path / "s.html"
    assert "revenue" not in run("stats", "source", "--html", str(html)).out
    assert "revenue" not in html.read_text(encoding="utf-8")
    assert run("stats", "source", "--json").json["groups"][0]["revenue"] == {}
    guest({"arrival": "2025-01-01", "source": "fair", "revenue": 500})
    assert "revenue" in run("stats", "source", "--html", str(html), "--force").out
    assert "revenue" in html.read_text(encoding="utf-8")


def test_no_file_is_written_over_unless_it_is_wanted(run: Run, guest: Any, tmp_path: Path) -> None:
    yes = [{"purpose": "news", "status": "granted", "channel": "email"}]
    guest({"arrival": "2025-01-01"}, emails=["a@example.org"], consents=yes)
    mine, nowhere = tmp_path / "mine", tmp_path / "none" / "x"
    asked = ("--channel", "email", "--purpose", "news")
    for words in (("segments", "export", "type = guest"), ("stats", "source", "--html")):
        more = asked if words[0] == "segments" else ()
        mine.write_text("mine", encoding="utf-8")
        refused = run(*words, str(mine), *more)
        assert (refused.code, "--force" in refused.err) == (2, True)
        assert mine.read_text(encoding="utf-8") == "mine"
        assert run(*words, str(nowhere), *more).code == 2
        assert run(*words, str(mine), *more, "--force").code == 0
        assert mine.read_text(encoding="utf-8") != "mine"
    assert run("stats", "source", "--force").code == 2


def test_ctrl_c_ends_with_what_is_done(run: Run, guest: Any, monkeypatch: Any) -> None:
    from profilecore_segments.segments import Segments

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Segments, "rename_tag", stop)
    answer = run("tags", "rename", "a", "b", "--json")
    assert (answer.code, answer.json["error"]) == (130, "interrupted")
