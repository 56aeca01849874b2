"""The page for a person: complete, readable, and nothing in it is taken as markup."""

from __future__ import annotations

import typing
from collections.abc import Callable
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import P1, PNG, examples, given_profiles, open_engine

from profilecore import Actor, Engine, hookimpl
from profilecore.engine import access_page
from profilecore.engine.access_page import page
from profilecore.engine.builtin import CORE_KINDS
from profilecore.model import Document, PartialDate, parts
from profilecore.model.profile import Profile

HOSTILE = """<script>alert("1")</script>'"&<b>"""
VOID = {"meta"}


class Read(HTMLParser):
    """Reads a page: its tags, its attributes, and its text; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "div",
    "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "dl", "dt", "dd",
}  # fmt: skip


def texts_in(value: Any) -> typing.Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif isinstance(value, str):
        yield value


class Letters:
    """Keeps letters elsewhere, under names that are markup."""

    name = HOSTILE

    @hookimpl
    def profilecore_register_elsewhere(self, register: Callable[[Any], None]) -> None:
        register(self)

    def export(self, profile_ids: Any) -> Any:
        return [{HOSTILE: [HOSTILE, {"inner": HOSTILE}]}, [HOSTILE]]

    def erase(self, profile_ids: Any) -> int:
        return 0


def test_nothing_that_anybody_gave_is_taken_as_markup() -> None:
    config = {"profilecore": {"custom_fields": {HOSTILE: "personal"}}}
    engine = open_engine(plugins=[Letters()], config=config)
    with engine.acting(Actor(HOSTILE, HOSTILE, source=HOSTILE)):
        made = engine.create(
            {
                "first_name": HOSTILE,
                "last_name": HOSTILE,
                "notes": [HOSTILE],
                "tags": [HOSTILE],
                "custom": {HOSTILE: {HOSTILE: HOSTILE}},
                "facets": {HOSTILE: {HOSTILE: [[HOSTILE]]}},
            }
        )
        engine.attach(made.id, HOSTILE, PNG)
        engine.place_hold(made.id, kind=HOSTILE, ref=HOSTILE)
    with engine.store.write() as writer:
        body = b'{"at":"<script>2026","x":[{"at":"<script>"}]}'
        writer.put(Document("<script>", "X", made.id, 1, body), expect=0)
    text = engine.access_page(made.id)
    read = Read(text)
    assert read.names() <= ALLOWED
    assert "<script" not in text
    assert read.text.count(HOSTILE) >= 15


@examples(40)
@given(given_profiles)
def test_every_page_is_sound_and_has_the_persons_own_words(given: dict[str, Any]) -> None:
    config = {"profilecore": {"custom_fields": {"pet": "none", "car": "none"}}}
    engine = open_engine(config=config)
    made = engine.create(given)
    read = Read(engine.access_page(made.id))
    assert read.names() <= ALLOWED
    words = " ".join(read.text.split())
    held = engine.access(made.id)["profile"]
    for name in ("last_name", "occupation", "dietary_requirements", "tags", "custom", "facets"):
        for text in texts_in(held.get(name)):
            assert " ".join(text.split()) in words
    for note in held.get("notes", ()):
        assert " ".join(note["text"].split()) in words


def test_it_needs_no_other_file_and_no_script(engine: Engine) -> None:
    made = engine.create({"last_name": "García"})
    text = engine.access_page(made.id)
    read = Read(text)
    assert text.startswith("<!DOCTYPE html>")
    assert dict(read.tags)["html"] == {"lang": "en"}
    assert not {"src", "href", "onload"} & {name for _, held in read.tags for name in held}
    assert "url(" not in text
    assert "@import" not in text
    policy = [held["content"] for tag, held in read.tags if "http-equiv" in held]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_values_are_written_for_people(engine: Engine) -> None:
    with engine.acting(Actor("desk-1", "P1", source="pms")):
        made = engine.create(
            {
                "first_name": "Ana",
                "last_name": "García",
                "birth_date": "1984-05",
                "consents": [{"purpose": "news", "status": "granted"}],
            }
        )
        engine.attach(made.id, "scan.png", PNG + b"x" * 2984)
    engine.record_stay(
        made.id,
        {
            "property_id": "P1",
            "arrival": "2026-04-02",
            "reference": "2026-03-01",
            "companions": ["a", "b"],
        },
    )
    text = Read(engine.access_page(made.id)).text
    for shown in (
        "What is held about Ana García", "First name", "May 1984", "2 April 2026", "Companions2",
        "from pms on 1 March 2026, 12:00 UTC (staff, property P1)", "scan.png", "image/png",
        "3.0 kB", "Consents that hold now", "granted",
    ):  # fmt: skip
        assert shown in text
    assert "desk-1" not in text
    # What is no date by its name is shown as it is.
    assert "2026-03-01" in text


def test_what_is_empty_is_left_out(engine: Engine) -> None:
    made = engine.create({"last_name": "García"})
    read = Read(engine.access_page(made.id))
    for heading in ("Files", "Stays", "Merges", "Held elsewhere", "Notes", "Emails"):
        assert heading not in read.text
    assert "This is not everything" not in read.text


def test_a_page_that_is_not_whole_says_so_at_its_head() -> None:
    answer = {
        "format": 1, "made_at": "2026-03-01T12:00:00+00:00", "ids": ["a"], "profile": {"id": "a"},
        "incomplete": ["plugin 'mail' failed (OSError)"], "merged_profiles": [], "consents": [],
        "relationships": [], "stays_with_others": [], "documents": {}, "elsewhere": {},
    }  # fmt: skip
    text = Read(page(answer)).text
    assert "plugin 'mail' failed (OSError)" in text
    assert text.index("This is not everything") < text.index("Your profile")


def dated(cls: type) -> typing.Iterator[str]:
    """Give the names of the attributes of a class, and of those inside, that hold dates."""
    for name, hint in typing.get_type_hints(cls).items():
        for inner in (hint, *typing.get_args(hint)):
            if inner in (date, datetime, PartialDate):
                yield name
            elif isinstance(inner, type) and attrs.has(inner):
                yield from dated(inner)


def test_every_date_of_the_model_is_written_out() -> None:
    classes = [Profile, parts.Stamp, *(kind.cls for kind in CORE_KINDS)]
    names = {name for cls in classes for name in dated(cls)}
    assert {"birth_date", "arrival", "at", "issued_on"} <= names
    assert [name for name in names if not access_page._DATED.search(name)] == []


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("at", "2026-03-01T12:00:00Z", "1 March 2026, 12:00 UTC"),
        ("at", "2026-03-01T12:00:00+02:00", "1 March 2026, 12:00 UTC+02:00"),
        ("birth_date", "1984", "1984"),
        ("birth_date", "1984-12", "December 1984"),
        ("birth_date", "1984-13", "1984-13"),
        ("until", "2026-02-31", "2026-02-31"),
        ("until", "for ever and ever", "for ever and ever"),
        ("seat", "2026-03-01", "2026-03-01"),
        ("x", [True, 0, 1.5], "yes, 0, 1.5"),
        ("x", {"at": "soon", "source": "pms"}, "from pms on soon"),
    ],
)
def test_a_value_is_readable(name: str, value: Any, shown: str) -> None:
    assert access_page._cell(name, value) == shown


@given(st.text())
def test_no_text_opens_a_tag(text: str) -> None:
    for shown in (access_page._cell("at", text), access_page._rows([(text, {text: [text, {}]})])):
        assert Read(shown).names() <= ALLOWED


def test_a_page_is_one_access_request(engine: Engine) -> None:
    made = engine.create({"last_name": "García"})
    with engine.acting(P1):
        engine.access_page(made.id)
    assert [(e.type, e.actor) for e in engine.changes().items] == [
        ("profile.created", "chain"),
        ("profile.accessed", "desk-1"),
    ]
