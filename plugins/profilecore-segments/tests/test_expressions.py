"""Expressions: read, refused with a place, and written in one normal form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore.model.enums import Channel, Classification
from profilecore_segments import ExpressionError, parse, write
from profilecore_segments.names import Sort, known_names, named
from profilecore_segments.nodes import (
    TODAY,
    And,
    Consent,
    Day,
    Empty,
    Is,
    Node,
    Not,
    Number,
    Op,
    Or,
    Order,
    Relative,
    Text,
    Truth,
    Unit,
    Value,
    all_of,
    any_of,
    depth,
    one_of,
)
from profilecore_segments.parsing import MAX_DEPTH, MAX_VALUES
from profilecore_segments.tokens import MAX_LENGTH


def test_the_example_of_the_guide_is_read() -> None:
    node = parse(
        'tag = "vip" and nationality in (ES, Portugal) and not stays.count < 2'
        " and last_stay before 18 months ago and loyalty.tier = gold and consent(email, marketing)"
    )
    assert node == And(
        (
            Is("tag", (Text("vip"),)),
            Is("nationality", (Text("ES"), Text("PT"))),
            Not(Order("stays.count", Op.BELOW, Number(Decimal(2)))),
            Order("stays.last", Op.BELOW, Relative(-18, Unit.MONTH)),
            Is("loyalty.tier", (Text("gold"),)),
            Consent("email", "marketing"),
        )
    )


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ('tags = "VIP"', "tag = VIP"),
        ("tag != vip", "not tag = vip"),
        ("tag not in (b, a, b)", "not tag in (b, a)"),
        ("tag in (a)", "tag = a"),
        ("category is not empty", "not category is empty"),
        ("(tag = a and (tag = b)) and tag = c", "tag = a and tag = b and tag = c"),
        ("tag = a and (tag = b or tag = c)", "tag = a and (tag = b or tag = c)"),
        ("NOT (tag = a OR tag = b)", "not (tag = a or tag = b)"),
        ("nationality = spain", "nationality = ES"),
        ("nationality in (IN, IS, NO)", 'nationality in ("IN", "IS", NO)'),
        ("language = PT_br", "language = pt-BR"),
        ("language = pt-br", "language = pt-BR"),
        ("class = VERY_IMPORTANT", "class = very_important"),
        ("first_stay >= 2020-02-29", "stays.first >= 2020-02-29"),
        ("last_stay < 1 year ago", "stays.last before 1 year ago"),
        ("next_stay before 2 weeks ahead", "stays.next before 2 weeks ahead"),
        ("birth_date = 0 days ago", "birth_date = today"),
        ("stays.nights > 2.50", "stays.nights > 2.5"),
        ("stays.nights > -0", "stays.nights > 0"),
        ('tag = "in"', 'tag = "in"'),
        ('tag = "two  words"', 'tag = "two words"'),
        ('tag = "a\\"b\\\\c"', 'tag = "a\\"b\\\\c"'),
        ("tag = 2026", 'tag = "2026"'),
        ("facets.club.Level.depth >= 3", "facets.club.Level.depth >= 3"),
        ("facets.club.since after 2020-01-01", "facets.club.since after 2020-01-01"),
        ('custom.pet = true or custom.pet = "true"', 'custom.pet = true or custom.pet = "true"'),
        ('custom.pet = "3"', 'custom.pet = "3"'),
        ("loyalty.Club.POINTS >= 100", "loyalty.Club.points >= 100"),
        ('consent(post, "our offers")', 'consent(post, "our offers")'),
        ("email is empty", "email is empty"),
    ],
)
def test_each_has_one_normal_form(given: str, normal: str) -> None:
    assert write(parse(given)) == normal


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("", 1, 1, "a name"),
        ("tag", 1, 4, "=, !=, in"),
        ("tag =", 1, 6, "a value"),
        ("tag = vip tag = b", 1, 11, "and, or, or the end"),
        ("tag = vip and\n  tag < 3", 2, 7, "=, !=, in"),
        ("(tag = vip", 1, 11, "closing bracket"),
        ('tag = "vip', 1, 7, "closing quote"),
        ("tag = 'vip'", 1, 7, "other texts stand in quotes"),
        ("nationality = Atlantis", 1, 15, "a country"),
        ("class = vip", 1, 9, "one of paymaster_account"),
        ("stays.count > many", 1, 15, "a number"),
        ("stays.last before 3", 1, 20, "days, weeks, months or years"),
        ("stays.last before 3 days", 1, 25, "ago, or ahead"),
        ("stays.last = 2026-02-30", 1, 14, "a day that the calendar has"),
        ("stays.count before 3", 1, 13, "=, !=, <"),
        ("tag in vip", 1, 8, "a list in brackets"),
        ("tag in (a b)", 1, 11, "a comma"),
        ("tag is here", 1, 8, "empty, or not empty"),
        ("email = a", 1, 9, "is empty, or is not empty: nothing else can be asked of email"),
        ("email = x@y.z", 1, 9, "is empty, or is not empty"),
        ('tag = vip and phone not in ("+34")', 1, 28, "asked of phone"),
        ("notes", 1, 6, "asked of note"),
        ("tag = vip and tag = x@y", 1, 22, "other texts stand in quotes"),
        ("nope = 'x'", 1, 1, "a field"),
        ("consent(fax, news)", 1, 9, "one of email"),
        ("consent(email)", 1, 14, "a comma"),
        ("tag = in", 1, 7, "a value"),
        ("stays.count > 2x", 1, 15, "a number, a date"),
        ("facets.club = a", 1, 1, "a field"),
        ("facets.club..level = a", 1, 1, "a field"),
        ("__import__(os)", 1, 1, "a field"),
        ('tag = ""', 1, 7, "a text of 1 to 255"),
        ("stays.last before 99999 days ago", 1, 19, "at most 9999"),
    ],
)
def test_an_error_tells_the_place_and_what_was_expected(
    text: str, line: int, column: int, expected: str
) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert expected in refused.value.expected


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("nationalty = ES", "nationality"),
        ("stays.cuont > 2", "stays.count"),
        ("last_sty before today", "stays.last"),
        ("class = problmatic", "problematic"),
        ("zzzz = 1", None),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(text: str, suggestion: str | None) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert refused.value.suggestion == suggestion


def test_the_caret_stands_under_the_place() -> None:
    text = "tag = vip and\n\tnatonality = ES"
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert refused.value.shown_in(text) == "\tnatonality = ES\n\t^"


def test_no_message_and_no_repr_repeats_a_value() -> None:
    with pytest.raises(ExpressionError) as refused:
        parse('last_name = "Canary" and last_name < "Canary"')
    assert "Canary" not in str(refused.value)
    assert "Canary" not in repr(parse('last_name = "Canary" or birth_date = 1984-05-17'))


def test_what_is_too_deep_too_long_or_too_many_is_refused_at_its_place() -> None:
    assert depth(parse("not " * MAX_DEPTH + "tag = a")) == MAX_DEPTH + 1
    for text in (
        "(" * 10_000,
        "not " * 1_500 + "tag = a",
        "tag = a and " * 800,
        f"tag in ({', '.join(f't{n}' for n in range(MAX_VALUES + 1))})",
    ):
        with pytest.raises(ExpressionError):
            parse(text)
    with pytest.raises(ExpressionError) as refused:
        parse(" " * (MAX_LENGTH + 1))
    assert refused.value.column == MAX_LENGTH + 1


# ---- properties

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).map(
    lambda text: " ".join(text.split())[:60].strip()
)
texts = texts.filter(bool) | st.sampled_from(("and", "IN", "true", "today", "3", "2026-01-31"))
numbers = st.decimals(-(10**17), 10**17, places=6, allow_nan=False).map(
    lambda number: Number(number.normalize() + 0)
)
days = st.dates(date(1000, 1, 1)).map(Day)
relatives = st.builds(
    Relative, st.integers(1, 9_999) | st.integers(-9_999, -1), st.sampled_from(Unit)
)
moments = days | relatives | st.just(TODAY)
opened = st.sampled_from(("custom.pet", "facets.club.level", "facets.Club.a.b"))
member = st.sampled_from(("loyalty.club.tier", "loyalty.points"))
names = (st.sampled_from(known_names()) | opened | member).map(named)
_VALUES: dict[Sort, st.SearchStrategy[Value]] = {
    Sort.TEXT: st.builds(Text, texts),
    Sort.CHOICE: st.nothing(),
    Sort.COUNTRY: st.sampled_from(("ES", "IN", "IS", "NO")).map(Text),
    Sort.LANGUAGE: st.sampled_from(("es", "pt-BR", "is")).map(Text),
    Sort.NUMBER: numbers,
    Sort.DAY: moments,
    Sort.ANY: st.builds(Text, texts) | numbers | moments | st.booleans().map(Truth),
}


@st.composite
def comparisons(draw: st.DrawFn) -> Node:
    name = draw(names)
    assert name is not None
    if name.sort is Sort.THING or draw(st.integers(0, 5)) == 0:
        return Empty(name.name)
    if name.sort is Sort.CHOICE:
        values: st.SearchStrategy[Value] = st.sampled_from(name.choices).map(Text)
    else:
        values = _VALUES[name.sort]
    if name.sort.is_ordered and draw(st.booleans()):
        ordered = numbers | moments if name.sort is Sort.ANY else values
        return Order(name.name, draw(st.sampled_from(Op)), draw(ordered))
    return one_of(name.name, draw(st.lists(values, min_size=1, max_size=4)))


consents = st.builds(
    Consent, st.sampled_from([c.value for c in Channel]), texts.map(lambda t: t[:50].strip())
)
trees = st.recursive(
    comparisons() | consents,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=4).map(all_of)
        | st.lists(inner, min_size=2, max_size=4).map(any_of)
    ),
    max_leaves=12,
)


@given(trees)
def test_what_is_written_is_read_as_the_same_tree(tree: Node) -> None:
    assert parse(write(tree)) == tree
    assert write(parse(write(tree))) == write(tree)


SHARDS = """tag = ( ) , and or not in is empty stays.count < 2 vip consent email before ago days"""
shards = st.lists(st.sampled_from(SHARDS.split()), max_size=30).map(" ".join)


@given(st.text(max_size=200) | shards)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    refused: ExpressionError | None = None
    try:
        tree = parse(text)
    except ExpressionError as error:
        refused = error
    if refused is None:
        assert parse(write(tree)) == tree
    else:
        assert 1 <= refused.line <= text.count("\n") + 1
        assert 1 <= refused.column <= len(text) + 1
        assert refused.shown_in(text).endswith("^")


@given(trees)
def test_no_nesting_is_left_that_says_nothing(tree: Node) -> None:
    def look(node: Node) -> None:
        if isinstance(node, Not):
            look(node.part)
        elif isinstance(node, And | Or):
            assert len(node.parts) > 1
            assert not any(isinstance(part, type(node)) for part in node.parts)
            for part in node.parts:
                look(part)

    look(parse(write(tree)))


def test_every_class_of_the_model_is_a_word() -> None:
    for each in Classification:
        assert parse(f"class = {each.value}") == Is("class", (Text(each.value),))
