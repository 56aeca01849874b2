"""The Fellegi-Sunter model: how likely each level is in a pair of one person, and in one of two.

Pairs of two people are not of one kind: strangers who share a name, relatives who share a
surname and a home, and the rest agree in different things.  Within a kind the fields are taken to
be independent; so the model is a mixture, fitted by EM over the distinct agreement patterns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import exp, fsum, log
from operator import mul
from typing import Any

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.comparison import FIELDS, LEVELS
from profilecore_duplicates.correction import Correction, read_correction
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.table import Codes, Floats

# 2: shares are of all pairs, no longer of those compared.
FORMAT = 2
KINDS = ("match", "namesake", "relative", "same surname", "same first name", "stranger")
_LOG_2 = log(2)
MATCH, NAMESAKE, RELATIVE, SURNAME, FIRST_NAME, STRANGER = range(len(KINDS))


@frozen
class Model:
    """Chances of each level, by kind of pair and field.

    ``prior`` is the share of each kind in all pairs of the base, compared or not.

    ``chances[field]`` has one row a kind of ``KINDS``, one column a level; level 0, missing, is 1
    in each row, so that it says nothing.
    """

    prior: Floats = attrs.field(repr=False)
    chances: Mapping[str, Floats] = attrs.field(repr=False)
    converged: bool = True
    rounds: int = 0
    notes: tuple[str, ...] = ()
    learned: Correction | None = None

    def kinds(self, levels: Codes) -> Floats:
        """Give the log of prior and chances of each kind, one row a pattern."""
        total = np.log(self.prior)[None, :].repeat(len(levels), axis=0)
        for column, logs in enumerate(self._logs):
            total += logs[levels[:, column]]
        return total

    @cached_property
    def _logs(self) -> list[Floats]:
        """The log of the chances by field: one row a level, one column a kind."""
        return [np.log(self.chances[field]).T for field in FIELDS]

    def weights(self, levels: Codes) -> Floats:
        """Give the match weight of patterns in bits: the log of the odds that both are one."""
        total = self.kinds(levels)
        weights = (total[:, 0] - np.logaddexp.reduce(total[:, 1:], axis=1)) / np.log(2)
        if self.learned is not None:
            weights += self.learned.bits(levels, self.bits(levels))
        return np.asarray(weights)

    def bits(self, levels: Codes) -> Floats:
        """Give what each field is worth in bits before any decision, one row a pattern.

        A field is held against the mix of kinds of two people that the whole pattern speaks for.
        """
        total = self.kinds(levels)[:, 1:]
        share = np.exp(total - np.logaddexp.reduce(total, axis=1)[:, None])
        made = np.empty((len(levels), len(FIELDS)))
        for column, logs in enumerate(self._logs):
            log = logs[levels[:, column]]
            made[:, column] = log[:, 0] - (share * log[:, 1:]).sum(axis=1)
        return np.asarray(made / np.log(2))

    def of_one(self, levels: Sequence[int]) -> tuple[float, list[float], list[float]]:
        """Give weight, kinds of two people and bits of one pattern, before anything was learned.

        They are those of :meth:`weights`, :meth:`kinds` and :meth:`bits`, in plain Python, which is
        far faster for one.
        """
        rows = [by_level[level] for by_level, level in zip(self._rows, levels, strict=True)]
        match, *others = [fsum(logs) for logs in zip(self._log_prior, *rows, strict=True)]
        most = max(others)
        shares = [exp(other - most) for other in others]
        whole = sum(shares)
        bits = [(row[0] - sum(map(mul, shares, row[1:])) / whole) / _LOG_2 for row in rows]
        return (match - most - log(whole)) / _LOG_2, others, bits

    @cached_property
    def _rows(self) -> list[list[list[float]]]:
        """What ``_logs`` has, as lists."""
        return [logs.tolist() for logs in self._logs]

    @cached_property
    def _log_prior(self) -> list[float]:
        logs: list[float] = np.log(self.prior).tolist()
        return logs

    def doubt(self, levels: Codes) -> Floats:
        """Give the chance of patterns to be two people."""
        return np.asarray(1 / (1 + np.exp2(np.clip(self.weights(levels), -500, 500))))

    def as_json(self) -> str:
        """Write the model as readable JSON, with its format's number."""
        chances = {
            field: {
                level: [round(float(chance), 12) for chance in self.chances[field][:, at]]
                for at, level in enumerate(LEVELS[field])
            }
            for field in FIELDS
        }
        written = {
            "format": FORMAT,
            "kinds": list(KINDS),
            "prior": [float(share) for share in self.prior],
            "converged": self.converged,
            "rounds": self.rounds,
            "notes": list(self.notes),
            "chances": chances,
            "learned": None if self.learned is None else self.learned.as_dict(),
        }
        return json.dumps(written, indent=1) + "\n"


def read_model(text: str) -> Model:
    """Read a model that :meth:`Model.as_json` wrote.

    :raises InputRefused: it is no model, or one of another format or other levels.
    """
    try:
        read: dict[str, Any] = json.loads(text)
        if read["format"] != FORMAT or read["kinds"] != list(KINDS):
            raise InputRefused(
                "model-format", f"The model is not of format {FORMAT}; fit and save it again."
            )
        prior = np.array(read["prior"], dtype=float)
        chances = {
            field: np.array(
                [read["chances"][field][level] for level in LEVELS[field]], dtype=float
            ).T
            for field in FIELDS
        }
        learned = None if read["learned"] is None else read_correction(read["learned"])
        made = Model(
            prior,
            chances,
            bool(read["converged"]),
            int(read["rounds"]),
            tuple(read["notes"]),
            learned,
        )
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputRefused):
            raise
        raise InputRefused(
            "no-model", "The file holds no model; save one with --save-model."
        ) from None
    if any(
        c.shape != (len(KINDS), len(LEVELS[f])) or not (c > 0).all() for f, c in chances.items()
    ):
        raise InputRefused("no-model", "The model lacks chances; fit and save it again.")
    if prior.shape != (len(KINDS),) or not (prior > 0).all():
        raise InputRefused("no-model", "The model lacks its prior; fit and save it again.")
    return made
