"""The report: what it shows, that it shows it safely, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import attrs
import numpy as np
import polars as pl
import pytest

from profilecore_duplicates.blocking import candidates
from profilecore_duplicates.clusters import Clusters
from profilecore_duplicates.comparison import compare
from profilecore_duplicates.doubts import bridges, refused
from profilecore_duplicates.finding import Found, find
from profilecore_duplicates.gathering import Source, findings
from profilecore_duplicates.reading import read_records, table_of
from profilecore_duplicates.report import BARS, Findings, bins, report, value_of
from profilecore_duplicates.truth import Truth, truth_of

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
VOID = {"meta", "link", "br", "img", "input"}
Gather = Callable[..., Findings]


class Page(HTMLParser):
    """Reads a page: its elements, its text by table caption, and whether it is well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}


@pytest.fixture
def gather(file: Path) -> Gather:
    def gather(path: Path = file, threshold: float = 0.0, **more: object) -> Findings:
        records = read_records(path)
        found = find(table_of(records), threshold=threshold)
        source = Source(path, records)
        weak = bridges(found)
        return findings(found, source, weak, threshold=threshold, made_at=NOW, **more)  # type: ignore[arg-type]  # a test's options

    return gather


def crowd_truth(rows: int = 400) -> Truth:
    copies = np.arange(rows // 10)
    return truth_of(rows + rows // 10, copies * 10, rows + copies)


def test_a_page_stands_alone_and_runs_nothing(gather: Gather) -> None:
    page = Page(report(gather()))
    assert not {"script", "link", "img", "iframe", "object"} & page.tags()
    given = [attrs for _, attrs in page.elements]
    assert not any(name in attrs for attrs in given for name in ("src", "href", "onclick"))
    policy = next(a for a in given if a.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none'")


def test_it_is_dressed_for_light_dark_and_paper(gather: Gather) -> None:
    text = report(gather())
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_tables_have_captions_and_named_rows_and_pictures_have_names(gather: Gather) -> None:
    page = Page(report(gather()))
    count = [tag for tag, _ in page.elements].count
    assert count("table") == count("caption") > 5
    assert all(attrs.get("scope") in ("row", "col") for tag, attrs in page.elements if tag == "th")
    pictures = [attrs for tag, attrs in page.elements if tag == "svg"]
    assert pictures
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in pictures)


def test_values_are_shown_and_the_page_says_so_first(gather: Gather) -> None:
    page = Page(report(gather()))
    assert "García" in page.text
    assert "This page shows values of the records" in page.text[:400]


def test_no_value_is_in_a_page_without_values(gather: Gather, people: pl.DataFrame) -> None:
    text = report(gather(with_values=False))
    assert "Values of the records were left out" in text
    for column in people.drop("id").columns:
        assert not [v for v in people[column].drop_nulls() if str(v) in text], column


@pytest.mark.parametrize(
    "nasty",
    ["<script>alert(1)</script>", "\"><img src=x onerror='1'>", "&lt;b&gt; &amp;", "a\x00b\x1bc"],
)
def test_markup_in_names_and_ids_stays_text(gather: Gather, tmp_path: Path, nasty: str) -> None:
    path = tmp_path / "<b>.csv"
    rows = {
        "id": [nasty + "1", nasty + "2", "3"],
        "first_name": [nasty, nasty, "Ana"],
        "last_name": ["Lopez" + nasty, "Lopez" + nasty, "Sol"],
        "dob": ["1984-05-17", "1984-05-17", "1960-01-01"],
    }
    pl.DataFrame(rows).write_csv(path)
    page = Page(report(gather(path, threshold=-99.0)))
    assert not {"script", "img"} & page.tags()
    assert nasty.translate({0: "\ufffd", 27: "\ufffd"}) in "".join(page.texts)


def compared_unlisted(found: Found) -> int:
    """Count the pairs that were compared and are not listed."""
    pairs = candidates(found.table)
    listed = truth_of(len(found.table), found.pairs.left, found.pairs.right)
    return int((~listed.holds(pairs.left, pairs.right)).sum())


def test_every_pair_listed_or_refused_is_in_one_bin(gather: Gather, crowd: Path) -> None:
    of = gather(crowd)
    counted = bins(of)
    assert len(counted) <= BARS + 2
    assert sum(b.match for b in counted) == of.found.decided.sum() > 0
    assert sum(b.match + b.review for b in counted) == len(of.found.decided)
    assert sum(b.refused for b in counted) == compared_unlisted(of.found) > 0
    assert all(one.high == other.low for one, other in pairwise(counted))
    assert not any(b.refused for b in counted if b.low >= of.threshold)


def test_a_pair_that_is_listed_is_not_refused_whatever_it_weighs(table_found: Found) -> None:
    before = refused(table_found, 1e6, 3)
    top, pairs = before.strongest, table_found.pairs
    # As if the heaviest refused pair were listed for another reason than its own weight.
    more = attrs.evolve(
        pairs,
        left=np.append(pairs.left, top.left[0]),
        right=np.append(pairs.right, top.right[0]),
    )
    after = refused(attrs.evolve(table_found, pairs=more), 1e6, 3)
    assert after.counts.sum() == before.counts.sum() - 1
    assert (top.left[0], top.right[0]) not in zip(
        after.strongest.left, after.strongest.right, strict=True
    )


@pytest.mark.parametrize("threshold", [-200.0, -3.5, 0.0, 7.25, 1e6])
def test_the_threshold_parts_the_bins(gather: Gather, crowd: Path, threshold: float) -> None:
    of = gather(crowd, threshold=threshold)
    counted = bins(of)
    assert threshold in {edge for b in counted for edge in (b.low, b.high)}
    assert sum(b.match + b.review for b in counted) == len(of.found.decided)
    assert sum(b.refused for b in counted) == compared_unlisted(of.found)
    Page(report(of))


def test_the_strongest_refused_pairs_are_those_next_to_the_threshold(table_found: Found) -> None:
    model = table_found.model
    assert model is not None
    pairs = candidates(table_found.table)
    weights = model.weights(compare(table_found.table, pairs.left, pairs.right).values)
    listed = truth_of(len(table_found.table), table_found.pairs.left, table_found.pairs.right)
    below = weights[~listed.holds(pairs.left, pairs.right)]
    wanted = np.unique(np.round(below, 6))[::-1]
    kept = np.unique(np.round(refused(table_found, 0.0, 5).strongest.weights, 6))[::-1]
    assert len(kept) > 1
    assert kept.tolist() == wanted[: len(kept)].tolist()


def test_refused_pairs_are_the_same_in_small_portions(
    table_found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = refused(table_found, 0.0, 5)
    monkeypatch.setattr("profilecore_duplicates.doubts.CHUNK", 2)
    parts = refused(table_found, 0.0, 5)
    assert parts.counts.tolist() == whole.counts.tolist()
    assert parts.strongest.weights.tolist() == whole.strongest.weights.tolist()


@pytest.fixture
def table_found(crowd: Path) -> Found:
    return find(table_of(read_records(crowd)))


def test_the_truth_is_told_with_each_pair_and_in_all(gather: Gather, crowd: Path) -> None:
    page = Page(report(gather(crowd, truth=crowd_truth())))
    assert "There are 40 true pairs." in page.text
    assert "in truth one person" in page.text
    assert "Precision by recall" in page.text


def test_a_weak_bridge_names_both_people(gather: Gather, crowd: Path) -> None:
    of = gather(crowd, truth=crowd_truth())
    labels = np.arange(len(of.found.table))
    apart = attrs.evolve(
        of.found, clusters=Clusters(labels, np.arange(len(of.found.pairs.weights)))
    )
    weak = bridges(apart)
    one = weak[0]
    ids = dict(of.ids) | {row: f"id{row}" for b in weak for row in (b.left, b.right)}
    values = {one.left: {"first_name": "Zoë", "last_name": "Quist", "dob": "x"}}
    text = Page(report(attrs.evolve(of, bridges=weak, ids=ids, values=values))).text
    assert f"id{one.left}, Zoë Quist id{one.right} {one.weight:+.2f}" in text
    assert f"{one.why} one person" in text
    without = Page(report(attrs.evolve(of, bridges=weak, ids=ids, values=None, truth=None))).text
    assert f"id{one.left} id{one.right}" in without


def test_notes_and_figures_that_are_new_show_up_by_themselves(
    gather: Gather, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = gather()
    more = of.found.summary() | {
        "notes": ["The moon is full."],
        "lost_by_capping": [{"rule": "moon", "recall": 0.25}],
        "estimate": {"precision": 0.5, "recall": None, "interval": [0.25, 0.75]},
        "phases": 4,
    }
    monkeypatch.setattr(Found, "summary", lambda self: more)
    text = Page(report(of)).text
    for said in ("The moon is full.", "lost by capping", "phases", "25.00% to 75.00%", "not known"):
        assert said in text


@pytest.mark.parametrize("rows", ["", "1,Ana Lopez,1984-05-17\n", "1,,\n2,,\n"])
def test_a_run_that_found_nothing_has_a_report(gather: Gather, tmp_path: Path, rows: str) -> None:
    path = tmp_path / "few.csv"
    path.write_text("id,name,dob\n" + rows)
    page = Page(report(gather(path)))
    assert "There are none." in page.text


def test_the_chances_of_a_level_sum_up_how_rare_a_name_is(gather: Gather) -> None:
    text = Page(report(gather())).text
    assert "first name same; last name same" in text
    assert "very common" not in text.partition("Chances of each level")[2]


def test_parts_of_a_field_stand_in_one_line() -> None:
    record = {"first_name": "Ana", "last_name": "Sol", "city": "Roma", "postcode": None}
    assert value_of(record, "name") == "Ana Sol"
    assert value_of(record, "address") == "Roma"
    assert value_of(record, "birth date") == ""
