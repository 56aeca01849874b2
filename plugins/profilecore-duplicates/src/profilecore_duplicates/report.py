"""The report of a run: one HTML page for whoever looks after the data.

It shows what was found and how sure it is, where the thresholds cut, and why the pairs next to
them weigh what they weigh.  It holds values of the records, unless they are not wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates import markup
from profilecore_duplicates.comparison import LEVELS
from profilecore_duplicates.doubts import Bridge, Refused
from profilecore_duplicates.drawing import Bin, curve, histogram, span, step, steps
from profilecore_duplicates.finding import Found
from profilecore_duplicates.markup import Markup
from profilecore_duplicates.model import KINDS, Model
from profilecore_duplicates.scoring import Explanation, explain, probability
from profilecore_duplicates.table import Floats, Ints
from profilecore_duplicates.truth import Score, Truth, Verdict

# What a person looks through at one sitting.
PAIRS = 10
CLUSTERS = 10
MEMBERS = 20
BRIDGES = 30
# More bars than this cannot be told from each other on a page.
BARS = 40
# Which fields of a file a compared field is made of.
PARTS: dict[str, tuple[str, ...]] = {
    "name": ("first_name", "middle_name", "last_name", "second_last_name", "full_name"),
    "document": ("document", "document_type", "document_country"),
    "address": ("address", "house", "address_2", "postcode", "city"),
}

Record = Mapping[str, str | None]


@frozen
class Findings:
    """What a report is made of.

    ``ids`` names rows by their numbers; ``values`` has what the rows hold that the report shows,
    by row and field, and is empty where values are not wanted.
    """

    found: Found
    source: str
    made_at: datetime
    threshold: float
    refused: Refused = attrs.field(repr=False)
    bridges: Sequence[Bridge] = attrs.field(repr=False)
    ids: Mapping[int, str] = attrs.field(repr=False)
    values: Mapping[int, Record] | None = attrs.field(repr=False)
    truth: Truth | None = None
    verdict: Verdict | None = None


def weakest(found: Found, match: bool) -> list[int]:
    """Give positions of the lightest listed pairs that are a match, or are to be reviewed.

    The lightest comes first, and there is one of each agreement pattern.
    """
    at = np.flatnonzero(found.decided == match)[::-1]
    patterns = found.pairs.patterns[at]
    return [int(n) for n in at[np.sort(np.unique(patterns, return_index=True)[1])][:PAIRS]]


def largest(found: Found) -> list[Ints]:
    """Give the rows of the largest clusters of two rows or more, the largest first."""
    labels = found.clusters.labels
    sizes = np.bincount(labels, minlength=1)
    top = np.argsort(-sizes, kind="stable")[:CLUSTERS]
    return [np.flatnonzero(labels == label) for label in top if sizes[label] > 1]


def shown_rows(found: Found, refused: Refused, bridges: Sequence[Bridge]) -> list[int]:
    """Give the numbers of all rows that a report shows, ascending."""
    positions = weakest(found, True) + weakest(found, False)
    rows = {int(row) for side in (found.pairs.left, found.pairs.right) for row in side[positions]}
    rows |= {int(row) for side in (refused.strongest.left, refused.strongest.right) for row in side}
    rows |= {row for bridge in bridges[:BRIDGES] for row in (bridge.left, bridge.right)}
    rows |= {int(row) for group in largest(found) for row in group[:MEMBERS]}
    return sorted(rows)


def report(of: Findings) -> str:
    """Write the report as one page that needs nothing else."""
    return markup.page(f"Duplicates in {of.source}", _body(of))


def _body(of: Findings) -> Iterator[str]:
    yield from _opening(of)
    yield from _figures(of.found.summary())
    yield from _verdict(of)
    yield from _weights(of)
    yield from _pairs(of)
    yield from _bridges(of)
    yield from _clusters(of)
    if of.found.model is not None:
        yield from _model(of.found.model)


def _opening(of: Findings) -> Iterator[str]:
    if of.values is None:
        said = "Values of the records were left out. Rows are named by their ids."
        yield markup.paragraph(said, "warning")
    else:
        said = (
            "This page shows values of the records: names, birth dates, contacts. Keep it as you "
            "keep the file itself, and delete it when the review is over."
        )
        yield markup.paragraph(Markup(f"<strong>{said}</strong>"), "warning")
    yield markup.paragraph(f"Made on {of.made_at:%Y-%m-%d at %H:%M} UTC.", "soft")


def _figures(summary: Mapping[str, Any]) -> Iterator[str]:
    yield markup.heading("The run")
    notes = summary.get("notes") or ()
    if notes:
        yield f'<div class="warning">{markup.paragraph("What to know first:")}'
        yield markup.bullets(notes) + "</div>\n"
    nested = (Mapping, list, tuple)
    single = [(markup.label(n), v) for n, v in summary.items() if not isinstance(v, nested)]
    yield markup.table("What was found", ("", ""), single)
    for name, value in summary.items():
        if isinstance(value, nested) and value and name != "notes":
            yield from markup.any_value(_NAMES.get(name, name), value)
    if not summary.get("capped"):
        yield markup.paragraph("Nothing was capped: every pair that shares a key was compared.")


_NAMES = {
    "estimate": "What the run expects of itself",
    "capped": "What blocking capped: too many rows share the key",
    "shared_contacts": "Contacts left out, for a crowd shares them",
}


def _verdict(of: Findings) -> Iterator[str]:
    if of.verdict is None or of.truth is None:
        return
    verdict = of.verdict
    yield markup.heading("Against the truth")
    left_out = f"; {verdict.left_out:,} more name rows that are not here" * bool(verdict.left_out)
    yield markup.paragraph(f"There are {verdict.true_pairs:,} true pairs{left_out}.")
    at = "" if verdict.best_weight is None else f", at {verdict.best_weight:.2f} bits"
    rows = [
        ("match", verdict.match),
        ("match and review", verdict.listed),
        (f"the best threshold{at}", verdict.best),
        ("clusters", verdict.clusters),
    ]
    head = ("", "pairs", "precision", "recall", "F1")
    yield markup.table("How right the run was", head, [(n, *_score(s)) for n, s in rows])
    yield curve(_curve(of.found, of.truth))


def _score(score: Score) -> tuple[Any, ...]:
    shares = (score.precision, score.recall, score.f1)
    return (score.pairs, *("" if s is None else f"{s:.4f}" for s in shares))


def _curve(found: Found, truth: Truth) -> list[tuple[float, float]]:
    right = truth.holds(found.pairs.left, found.pairs.right)
    if not len(right) or not len(truth):
        return []
    hits, listed = np.cumsum(right), np.arange(1, len(right) + 1)
    at = np.unique(np.linspace(0, len(right) - 1, 300).astype(int))
    recall, precision = hits[at] / len(truth), hits[at] / listed[at]
    return list(zip(recall.tolist(), precision.tolist(), strict=True))


# ---- weights


def bins(of: Findings) -> list[Bin]:
    """Count pairs by weight and decision, in bins of equal width that the threshold parts."""
    weights, decided = of.found.pairs.weights, of.found.decided
    below = int(np.flatnonzero(of.refused.counts).max(initial=-1)) + 1
    above = int(np.ceil(weights.max(initial=of.threshold) - of.threshold)) + 1
    width = 1
    while (below + above) / width > BARS:
        width *= 2
    low = -(-below // width)
    lost = np.zeros(low * width, dtype=np.int64)
    lost[:below] = of.refused.counts[:below]
    made = [
        Bin(*_edges(of.threshold, -at - 1, width), refused=int(part.sum()))
        for at, part in enumerate(lost.reshape(low, width))
    ][::-1]
    place = np.floor((weights - of.threshold) / width).astype(int)
    of_match = np.bincount(place[decided], minlength=-(-above // width))
    of_review = np.bincount(place[~decided], minlength=len(of_match))
    for at in range(len(of_match)):
        edges = _edges(of.threshold, at, width)
        made.append(Bin(*edges, review=int(of_review[at]), match=int(of_match[at])))
    return made


def _edges(threshold: float, at: int, width: int) -> tuple[float, float]:
    return threshold + at * width, threshold + (at + 1) * width


def _weights(of: Findings) -> Iterator[str]:
    yield markup.heading("Weights of the pairs")
    counted = bins(of)
    marks = [(of.threshold, "listed from here")]
    if of.found.decided.any():
        marks.append((float(of.found.pairs.weights[of.found.decided].min()), "match from here"))
    yield histogram(counted, marks)
    yield markup.paragraph(
        "0 bits is as likely as not; each further bit doubles the odds. The height is the "
        "logarithm of the number.",
        "soft",
    )
    head = ("weight from", "to below", "refused", "review", "match")
    rows = [(f"{b.low:g}", f"{b.high:g}", b.refused, b.review, b.match) for b in counted]
    if of.refused.counts[-1]:
        rows[0] = ("less", *rows[0][1:])
    yield markup.table("Pairs by weight", head, rows)


# ---- pairs


def _pairs(of: Findings) -> Iterator[str]:
    found = of.found
    for match, title in ((True, "Weakest matches"), (False, "Weakest pairs to review")):
        yield markup.heading(title)
        positions = weakest(found, match)
        yield markup.paragraph(_TOLD if positions else "There are none.", "soft")
        for at in positions:
            decision = "match" if match else "review"
            ends = int(found.pairs.left[at]), int(found.pairs.right[at])
            yield _pair(of, *ends, decision, found.explain(at))
    yield markup.heading("Strongest refused pairs")
    strongest = of.refused.strongest
    yield markup.paragraph(_TOLD if len(strongest) else "There are none.", "soft")
    if found.model is not None:
        for at, pattern in enumerate(strongest.patterns.tolist()):
            ends = int(strongest.left[at]), int(strongest.right[at])
            yield _pair(of, *ends, "refused", explain(pattern, found.model))


_TOLD = "One pair of each pattern of agreement, the closest to the threshold first."


def _pair(of: Findings, left: int, right: int, decision: str, why: Explanation) -> str:
    chance = float(probability(np.array([why.weight]))[0])
    one, other = of.ids[left], of.ids[right]
    said = f"{one} and {other}: {why.weight:+.2f} bits, {chance:.1%}, {decision}"
    if of.truth is not None:
        said += f"; in truth {_truly(of.truth, left, right)}"
    low, high = span(why)
    head, rows = ["field", "says", "bits", "on the way"], []
    if of.values is not None:
        head[1:1] = [one, other]
    for field, level, begin, end in steps(why):
        row: list[Any] = [field, level, f"{end - begin:+.2f}", Markup(step(begin, end, low, high))]
        if of.values is not None:
            row[1:1] = [value_of(of.values.get(row_, {}), field) for row_ in (left, right)]
        rows.append(row)
    return f'<section class="pair">{markup.table(said, head, rows)}</section>\n'


def value_of(record: Record, field: str) -> str:
    """Give what a record holds in a compared field, its parts in one line."""
    name = field.replace(" ", "_")
    parts = (record.get(part) for part in PARTS.get(name, (name,)))
    return " ".join(part for part in parts if part)


def _bridges(of: Findings) -> Iterator[str]:
    yield markup.heading("Weak bridges")
    if not of.bridges:
        yield markup.paragraph("There are none: no listed pair would have chained two persons.")
        return
    yield markup.paragraph(
        "Listed pairs whose rows stay in different clusters, for the rest of the rows speaks "
        f"against it. The heaviest {min(BRIDGES, len(of.bridges))} of {len(of.bridges):,}.",
        "soft",
    )
    head = ["left", "right", "weight", "why"]
    if of.truth is not None:
        head.append("in truth")
    rows = []
    for b in of.bridges[:BRIDGES]:
        row = [_named(of, b.left), _named(of, b.right), f"{b.weight:+.2f}", b.why]
        if of.truth is not None:
            row.append(_truly(of.truth, b.left, b.right))
        rows.append(row)
    yield markup.table("Weak bridges", head, rows)


def _named(of: Findings, row: int) -> str:
    """Name a row by its id and, where values are wanted, by what people know it by."""
    record = {} if of.values is None else of.values.get(row, {})
    known = [value for field in ("name", "birth_date") if (value := value_of(record, field))]
    return ", ".join([of.ids[row], *known])


def _truly(truth: Truth, left: int, right: int) -> str:
    same = bool(truth.holds(np.array([left]), np.array([right]))[0])
    return "one person" if same else "two people"


def _clusters(of: Findings) -> Iterator[str]:
    yield markup.heading("Largest clusters")
    groups = largest(of.found)
    if not groups:
        yield markup.paragraph("There are none.")
    for group in groups:
        members = [int(row) for row in group[:MEMBERS]]
        more = f", the first {MEMBERS}" * (len(group) > MEMBERS)
        caption = f"{of.ids[members[0]]}: {len(group):,} rows{more}"
        if of.values is None:
            yield markup.table(caption, ("id",), [(of.ids[row],) for row in members])
            continue
        records = [of.values.get(row, {}) for row in members]
        fields = [f for f in records[0] if any(record.get(f) for record in records)]
        rows = [
            (of.ids[row], *(record.get(field) for field in fields))
            for row, record in zip(members, records, strict=True)
        ]
        yield markup.table(caption, ("id", *map(markup.label, fields)), rows)


# ---- the model


def _model(model: Model) -> Iterator[str]:
    yield markup.heading("Chances of each level")
    yield markup.paragraph(
        "How often a level is met in pairs of one person (m), and in each kind of pairs of two "
        "people (u), given that both sides have a value. Bits are against the mix of the kinds "
        "of two people; which of them a pair is like decides what it weighs there.",
        "soft",
    )
    prior = [(kind, f"{share:.6%}") for kind, share in zip(KINDS, model.prior, strict=True)]
    yield markup.table("Share of each kind in the pairs compared", ("kind", "share"), prior)
    others = model.prior[1:] / model.prior[1:].sum()
    head = ("level", "bits", "m: " + KINDS[0], *(f"u: {kind}" for kind in KINDS[1:]))
    for field, chances in model.chances.items():
        rows = []
        for level, column in _levels(field, chances):
            bits = float(np.log2(column[0] / (others @ column[1:])))
            rows.append((level, f"{bits:+.2f}", *(f"{chance:.3g}" for chance in column)))
        yield markup.table(markup.label(field), head, rows)


def _levels(field: str, chances: Floats) -> list[tuple[str, Floats]]:
    """Give the levels of a field with their chances by kind; how rare a name is is summed up."""
    made: dict[str, Floats] = {}
    for at, level in enumerate(LEVELS[field]):
        name = level.rpartition("; ")[0] if field == "name" else level
        made[name] = made.get(name, np.zeros(len(chances))) + chances[:, at]
    return [(n, column) for n, column in made.items() if n not in _NOTHING]


_NOTHING = frozenset({"missing", "missing; missing", "first name missing; last name missing"})
