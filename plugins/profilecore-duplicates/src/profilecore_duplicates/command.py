"""The commands ``profilecore duplicates ...``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import console, say, table
from profilecore.cli.program import OK
from profilecore.cli.waiting import progress
from profilecore_duplicates.faults import InputRefused

if TYPE_CHECKING:
    import polars as pl

    from profilecore.cli.waiting import Show
    from profilecore_duplicates.decisions import Decisions
    from profilecore_duplicates.finding import Found
    from profilecore_duplicates.gathering import Source
    from profilecore_duplicates.model import Model
    from profilecore_duplicates.reading import Records
    from profilecore_duplicates.resuming import Steps
    from profilecore_duplicates.table import Table
    from profilecore_duplicates.truth import Truth, Verdict


# A review of an hour or two, and enough to learn from.
ASKED = 200


@click.group()
def duplicates() -> None:
    """Find profiles that are the same person."""


_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_DIR = click.Path(file_okay=False, path_type=Path)


@duplicates.command()
@click.argument("file", type=_IN)
@click.option("--id", "id_column", metavar="COLUMN", help="The column of ids.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="What a column holds.")
@click.option("--link", type=_IN, metavar="OTHER", help="Find pairs across two files only.")
@click.option("--pairs", "pairs_to", type=_OUT, required=True, metavar="CSV", help="Write pairs.")
@click.option("--clusters", "clusters_to", type=_OUT, metavar="CSV", help="Write clusters.")
@click.option("--model", "model_from", type=_IN, metavar="JSON", help="Use a saved model.")
@click.option("--save-model", type=_OUT, metavar="JSON", help="Save the model of this run.")
@click.option("--threshold", type=float, default=0.0, metavar="W", help="List from W bits; 0.")
@click.option("--bridges", "bridges_to", type=_OUT, metavar="CSV", help="Write weak bridges.")
@click.option("--report", "report_to", type=_OUT, metavar="HTML", help="Write a report.")
@click.option("--no-values", is_flag=True, help="Leave values of the records out of the report.")
@click.option("--truth", "truth_from", type=_IN, metavar="CSV", help="Compare with true pairs.")
@click.option("--decisions", "decided", type=_IN, metavar="CSV", help="Keep to decided pairs.")
@click.option("--ask", "ask_to", type=_OUT, metavar="CSV", help="Write pairs to decide next.")
@click.option("--work", type=_DIR, metavar="DIR", help="Keep finished steps, to go on from them.")
@click.pass_obj
def find(
    invocation: Invocation,
    file: Path,
    id_column: str | None,
    maps: tuple[str, ...],
    link: Path | None,
    pairs_to: Path,
    clusters_to: Path | None,
    model_from: Path | None,
    save_model: Path | None,
    threshold: float,
    bridges_to: Path | None,
    report_to: Path | None,
    no_values: bool,
    truth_from: Path | None,
    decided: Path | None,
    ask_to: Path | None,
    work: Path | None,
) -> int:
    """Find the rows of a file that are the same person, without a store.

    The file is CSV, Parquet or JSON Lines.  Columns that are named as people name them are
    understood; --map says what others hold, and with --map COLUMN= leaves one out.  Pairs that
    weigh at least W bits are listed: as `match` where merging them is safe, else as `review`.
    The report holds values of the records; --no-values leaves them out.  A truth has all true
    pairs as id_l,id_r.
    Decisions are left,right,decision with same, different or unsure; they go before any weight,
    and where they are shown to be a gain, all weights learn from them.
    With --work, a run that was interrupted goes on behind its finished steps; they hold row
    numbers only, and are deleted at the end.
    """
    from profilecore_duplicates.finding import find as find_pairs
    from profilecore_duplicates.reading import table_of

    if not isfinite(threshold):
        raise click.BadParameter("must be a number of bits", param_hint="--threshold")
    _keep_apart(
        (file, link, model_from, truth_from, decided),
        (pairs_to, clusters_to, save_model, bridges_to, report_to, ask_to),
    )
    try:
        source = _source(file, link, id_column, _maps(maps))
        records, other = source.records, source.other
        if clusters_to is not None and other is not None and _overlap(records, other):
            raise InputRefused(
                "overlapping-ids",
                "The two files share ids, so clusters cannot name their rows; "
                "make the ids differ or leave --clusters out.",
            )
        model = _model(model_from)
        decisions = _decisions(decided, records, other)
        truth = _truth(truth_from, source)
    except InputRefused as error:
        raise click.UsageError(str(error)) from None
    steps = _steps(work, (file, link, decided), records)
    with progress() as show:
        numbers = iter(range(1, 100))
        found = find_pairs(
            table_of(records, other),
            model=model,
            threshold=threshold,
            watch=lambda step: show(step, next(numbers), None),
            decisions=decisions,
            ask=0 if ask_to is None else ASKED,
            steps=steps,
        )
        _write(found, records, other, pairs_to, clusters_to)
        if ask_to is not None and found.asked is not None:
            from profilecore_duplicates.writing import asked_frame

            _as_csv(asked_frame(found.asked, records, other), ask_to)
        if save_model is not None:
            _save(found, save_model)
        _tell(found, source, truth, threshold, bridges_to, report_to, not no_values, show)
        steps.finish()
    summary = found.summary() | {"columns": dict(sorted(records.mapped.items()))}
    if truth is not None:
        from profilecore_duplicates.truth import judge

        summary["truth"] = judge(found, truth)
    invocation.answer(summary, lambda: _show(summary, pairs_to))
    return OK


@duplicates.command()
@click.argument("file", type=_IN)
@click.argument("left")
@click.argument("right")
@click.option("--id", "id_column", metavar="COLUMN", help="The column of ids.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="What a column holds.")
@click.option("--link", type=_IN, metavar="OTHER", help="RIGHT is a row of this file.")
@click.option("--model", "model_from", type=_IN, metavar="JSON", help="Use a saved model.")
@click.option("--picture", "picture_to", type=_OUT, metavar="SVG", help="Draw the waterfall.")
@click.option("--no-values", is_flag=True, help="Leave values of the records out.")
@click.pass_obj
def explain(
    invocation: Invocation,
    file: Path,
    left: str,
    right: str,
    id_column: str | None,
    maps: tuple[str, ...],
    link: Path | None,
    model_from: Path | None,
    picture_to: Path | None,
    no_values: bool,
) -> int:
    """Explain what two rows of a file weigh together, field by field in bits.

    LEFT and RIGHT are ids.  Without a saved model one is fitted to the file first, as `find`
    does.  The picture holds ids and levels, no values.
    """
    from profilecore_duplicates.explaining import explained, show

    _keep_apart((file, link, model_from), (picture_to,))
    try:
        source = _source(file, link, id_column, _maps(maps))
        rows = source.row(left, right=False), source.row(right, right=True)
        if rows[0] == rows[1]:
            raise InputRefused("same-row", "LEFT and RIGHT are one row; name two.")
        table, model = _fitted(source, _model(model_from))
    except InputRefused as error:
        raise click.UsageError(str(error)) from None
    values = {} if no_values else source.values(sorted(rows))
    records = None if no_values else (values[rows[0]], values[rows[1]])
    said = explained(table, model, rows, (left, right), records)
    if picture_to is not None:
        picture_to.write_text(said.picture(), encoding="utf-8")
    invocation.answer(said.as_dict(), lambda: show(said, console()))
    return OK


def _fitted(source: Source, model: Model | None) -> tuple[Table, Model]:
    from profilecore_duplicates.finding import find as find_pairs
    from profilecore_duplicates.reading import table_of

    made = table_of(source.records, source.other)
    if model is None:
        with progress() as show:
            steps = iter(range(1, 100))
            model = find_pairs(made, watch=lambda step: show(step, next(steps), None)).model
    if model is None:
        raise InputRefused(
            "no-model", "There is no pair to fit a model to; give a saved one with --model."
        )
    return made, model


def _keep_apart(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Refuse to write over what is read or written as well, or where nothing can be written."""
    taken = {path.resolve() for path in read if path is not None}
    for path in filter(None, written):
        place = path.resolve()
        if place in taken:
            raise click.UsageError(f"{path} is named twice; write into another file.")
        if not os.access(place if place.exists() else place.parent, os.W_OK):
            raise click.UsageError(f"{path} cannot be written; see to its directory.")
        if place.is_file() or not place.exists():  # a device takes all
            taken.add(place)


def _maps(texts: tuple[str, ...]) -> dict[str, str | None]:
    read: dict[str, str | None] = {}
    for text in texts:
        column, equals, field = text.rpartition("=")
        if not equals or not column:
            raise click.BadParameter(f"{text} is no COLUMN=FIELD", param_hint="--map")
        read[column] = None if field in ("", "-") else field
    return read


def _source(
    file: Path, link: Path | None, id_column: str | None, given: dict[str, str | None]
) -> Source:
    from profilecore_duplicates.gathering import Source
    from profilecore_duplicates.reading import read_records

    records = read_records(file, id_column=id_column, given=given)
    if link is None:
        return Source(file, records)
    return Source(file, records, link, read_records(link, id_column=id_column, given=given))


def _truth(path: Path | None, source: Source) -> Truth | None:
    if path is None:
        return None
    from profilecore_duplicates.truth import read_truth

    other = None if source.other is None else source.other.ids
    return read_truth(path, source.records.ids, other)


def _steps(folder: Path | None, files: tuple[Path | None, ...], records: Records) -> Steps:
    from profilecore_duplicates.resuming import Steps, steps_of

    if folder is None:
        return Steps()
    try:
        return steps_of(folder, filter(None, files), sorted(records.mapped.items()))
    except OSError as error:
        raise click.UsageError(f"{folder}: {error.strerror}.") from None


def _overlap(records: Records, other: Records) -> bool:
    return bool(records.ids.is_in(other.ids.implode()).any())


def _model(path: Path | None) -> Model | None:
    if path is None:
        return None
    from profilecore_duplicates.model import read_model

    try:
        return read_model(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputRefused("no-model", f"{path} holds no model.") from None


def _decisions(path: Path | None, records: Records, other: Records | None) -> Decisions | None:
    if path is None:
        return None
    from profilecore_duplicates.decisions import read_decisions

    return read_decisions(path, records.ids, None if other is None else other.ids)


def _write(
    found: Found, records: Records, other: Records | None, pairs_to: Path, clusters_to: Path | None
) -> None:
    from profilecore_duplicates.writing import clusters_frame, pairs_frame

    _as_csv(pairs_frame(found, records, other), pairs_to)
    if clusters_to is not None:
        _as_csv(clusters_frame(found, records, other), clusters_to)


def _tell(
    found: Found,
    source: Source,
    truth: Truth | None,
    threshold: float,
    bridges_to: Path | None,
    report_to: Path | None,
    with_values: bool,
    show: Show,
) -> None:
    """Write what tells more about the run than its pairs: weak bridges and the report."""
    if bridges_to is None and report_to is None:
        return
    from profilecore_duplicates.doubts import bridges
    from profilecore_duplicates.writing import bridges_frame

    show("looking at weak bridges", 0, None)
    weak = bridges(found)
    if bridges_to is not None:
        _as_csv(bridges_frame(weak, source.records, source.other), bridges_to)
    if report_to is None:
        return
    from profilecore_duplicates.gathering import findings
    from profilecore_duplicates.report import report

    gathered = findings(
        found,
        source,
        weak,
        threshold=threshold,
        made_at=datetime.now(UTC),
        with_values=with_values,
        truth=truth,
        watch=show,
    )
    report_to.write_text(report(gathered), encoding="utf-8")


def _as_csv(frame: pl.DataFrame, path: Path) -> None:
    with path.open("wb") as file:
        frame.write_csv(file)


def _save(found: Found, path: Path) -> None:
    if found.model is None:
        raise click.UsageError("There was no pair to fit a model to, so none was saved.")
    path.write_text(found.model.as_json(), encoding="utf-8")


def _show(summary: dict[str, Any], pairs_to: Path) -> None:
    say(
        f"{summary['match']} pairs to match and {summary['review']} to review among "
        f"{summary['records']} records: {pairs_to}"
    )
    if "truth" in summary:
        _show_truth(summary["truth"])
    show_run(summary)


def show_run(summary: dict[str, Any]) -> None:
    """Print what a run says of itself."""
    share = {k: "" if v is None else f"{v:.1%}" for k, v in summary["estimate"].items()}
    rows = [
        ("pairs compared", summary["compared"]),
        ("clusters", summary["clusters"]),
        ("weak bridges", summary["weak_bridges"]),
        ("precision, by the model's own estimate", share["precision"]),
        ("precision of match, likewise", share["match_precision"]),
        ("recall among the pairs compared, likewise", share["recall"]),
        ("recall with what was capped, likewise", share["recall_with_capped"]),
    ]
    if summary["learned"] is not None:
        rows += [
            (f"{said}, by the decisions", _span(summary["learned"][name]))
            for name, said in (
                ("precision", "precision"),
                ("match_precision", "precision of match"),
                ("recall", "recall among the pairs compared"),
            )
        ]
    table(("", ""), rows)
    for note in summary["notes"]:
        say(f"Note: {note}")
    for capped in summary["capped"]:
        say(
            f"Capped: {capped['rule']}, {capped['rows']} rows, {capped['pairs']} pairs left out, "
            f"about {capped['lost']:.0f} of one person"
        )


def _span(interval: dict[str, float] | None) -> str:
    if interval is None:
        return ""
    return f"{interval['value']:.1%} ({interval['low']:.1%} to {interval['high']:.1%})"


def _show_truth(verdict: Verdict) -> None:
    scores = {
        "match": verdict.match,
        "match and review": verdict.listed,
        "best threshold": verdict.best,
        "clusters": verdict.clusters,
    }
    rows = [
        (name, *("" if s is None else f"{s:.4f}" for s in (of.precision, of.recall, of.f1)))
        for name, of in scores.items()
    ]
    table(("against the truth", "precision", "recall", "F1"), rows)
    if verdict.left_out:
        say(f"{verdict.left_out} true pairs name rows that are not here.")
