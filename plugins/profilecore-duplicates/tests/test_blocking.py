"""Which pairs are compared."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from profilecore_duplicates.blocking import CAP, candidates
from profilecore_duplicates.standardise import standardise
from profilecore_duplicates.table import Table, make_table


def made(columns: dict[str, list[str | None]]) -> Table:
    frame = pl.DataFrame({n: pl.Series(v, dtype=pl.String) for n, v in columns.items()})
    return make_table(standardise(frame, {n: n for n in columns}))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a@b.example", "c@d.example", "e@f.example", None]), max_size=30))
def test_rows_of_one_address_meet_once_and_others_never(emails: list[str | None]) -> None:
    found = candidates(made({"email": emails}))
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    # The box is told too, so only rows of one address have one.
    wanted = [
        (i, j)
        for i, one in enumerate(emails)
        for j in range(i + 1, len(emails))
        if one is not None and one == emails[j]
    ]
    assert pairs == wanted


def test_names_in_the_other_order_meet() -> None:
    found = candidates(made({"first_name": ["Ana", "Lopez"], "last_name": ["Lopez", "Ana"]}))
    assert (found.left.tolist(), found.right.tolist()) == ([0], [1])


def test_a_block_over_the_cap_is_refined_thinned_and_reported() -> None:
    rows = 20 * CAP
    found = candidates(made({"first_name": ["Ana"] * rows, "last_name": ["Lopez"] * rows}))
    assert rows - 1 <= len(found) < rows * CAP
    capped = {c.rule: c for c in found.capped}
    assert capped["first+last"].rows == rows
    assert capped["first+last"].pairs > 0


def test_a_block_over_the_cap_still_compares_rows_that_agree_in_more() -> None:
    rows = 4 * CAP
    dates = [f"19{50 + n % 50}-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(rows)]
    dates[0] = dates[-1] = "1801-01-01"
    found = candidates(
        made({"first_name": ["Ana"] * rows, "last_name": ["Lopez"] * rows, "birth_date": dates})
    )
    assert (0, rows - 1) in set(zip(found.left.tolist(), found.right.tolist(), strict=True))


def test_a_contact_of_a_crowd_brings_nobody_together() -> None:
    names = [
        "Abel",
        "Bruno",
        "Chiara",
        "Dora",
        "Emil",
        "Fatma",
        "Gina",
        "Hugo",
        "Ivo",
        "Juana",
        "Kai",
    ]
    table = made({"last_name": names, "phone": ["0301234567"] * len(names)})
    assert table.crowded == {"phone": 1}
    assert len(candidates(table)) == 0


def test_no_row_and_one_row_have_no_pair() -> None:
    assert len(candidates(made({"email": []}))) == 0
    assert len(candidates(made({"email": ["a@b.example"]}))) == 0
