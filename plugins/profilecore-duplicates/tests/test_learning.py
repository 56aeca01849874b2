"""What decisions teach: only what is shown to be a gain, explained, within intervals that hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profilecore_duplicates.comparison import FIELDS, LEVELS, Levels
from profilecore_duplicates.correction import together
from profilecore_duplicates.learning import (
    importance_of,
    judged,
    learn,
    next_to_review,
    strata,
    without_learned,
)
from profilecore_duplicates.model import KINDS, Model, read_model
from profilecore_duplicates.patterns import normalised
from profilecore_duplicates.scoring import explain, probability
from profilecore_duplicates.table import Codes, Flags, Floats


def made_model() -> Model:
    """Give a model in which equal values speak for one person, by up to some bits a field."""
    chances = {}
    for field in FIELDS:
        rows = np.ones((len(KINDS), len(LEVELS[field])))
        rows[0, 1] = 6.0
        rows[1:, 1] = 0.5
        if field in ("name", "address"):
            rows[0] = np.linspace(3.0, 0.3, len(LEVELS[field]))
        chances[field] = normalised(field, rows)
    prior = np.array([0.2, 0.1, 0.1, 0.1, 0.1, 0.4])
    return Model(prior, chances)


def some_levels(n: int, seed: int) -> Codes:
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, len(LEVELS[field]), n) for field in FIELDS]
    return np.stack(drawn, axis=1).astype(np.int32)


def truth(weights: Floats, seed: int) -> Flags:
    drawn = np.random.default_rng(seed).random(len(weights))
    return np.asarray(drawn < probability(weights))


def decided(bent: bool, n: int = 400, seed: int = 3) -> tuple[Model, Codes, Flags]:
    """Give decisions that follow the model, or one in which the e-mail counts against."""
    model, levels = made_model(), some_levels(n, seed)
    weights = model.weights(levels)
    if bent:
        weights = weights - 2 * model.bits(levels)[:, FIELDS.index("email")] - 2
    return model, levels, truth(weights, seed)


def test_a_model_that_is_right_is_left_as_it_is() -> None:
    used = 0
    for seed in range(20):
        model, levels, same = decided(bent=False, n=200, seed=seed)
        used += learn(model, levels, same, np.ones(len(same)))[1].used
    # The interval is of 95 %: of twenty trials one or two may err on one side.
    assert used <= 2


def test_a_model_that_errs_is_corrected_and_the_gain_holds_on_new_pairs() -> None:
    model, levels, same = decided(bent=True)
    taught, told = learn(model, levels, same, np.ones(len(same)))
    assert told.used
    assert told.low is not None
    assert told.low > 0
    _, new, truly = decided(bent=True, seed=4)

    def surprise(of: Model) -> float:
        chance = np.clip(probability(of.weights(new)), 1e-6, 1 - 1e-6)
        return float(-np.log2(np.where(truly, chance, 1 - chance)).mean())

    assert surprise(taught) < surprise(model)


@pytest.mark.parametrize("kind", [True, False])
def test_decisions_of_one_kind_teach_nothing(kind: bool) -> None:
    model, levels, _ = decided(bent=True)
    same = np.full(len(levels), kind)
    taught, told = learn(model, levels, same, np.ones(len(same)))
    assert not told.used
    assert "too few" in told.words
    assert taught.weights(levels) == pytest.approx(model.weights(levels))


def test_no_gain_is_told_and_changes_nothing() -> None:
    model, levels, same = decided(bent=False)
    taught, told = learn(model, levels, same, np.ones(len(same)))
    assert not told.used
    assert "no sure gain" in told.words
    assert taught.learned is None


def test_a_taught_verdict_still_explains_itself() -> None:
    model, levels, same = decided(bent=True)
    taught, _ = learn(model, levels, same, np.ones(len(same)))
    patterns = Levels(levels).packed()
    for pattern, weight in zip(patterns[:50], taught.weights(levels[:50]), strict=True):
        said = explain(int(pattern), taught)
        assert said.start + sum(reason.bits for reason in said.reasons) == pytest.approx(weight)
        assert said.weight == pytest.approx(weight)


def test_what_was_taught_is_saved_and_read() -> None:
    model, levels, same = decided(bent=True)
    taught, _ = learn(model, levels, same, np.ones(len(same)))
    again = read_model(taught.as_json())
    assert again.learned is not None
    assert again.weights(levels) == pytest.approx(taught.weights(levels), abs=1e-6)


def test_learning_again_starts_from_the_model_without_decisions() -> None:
    model, levels, same = decided(bent=True)
    once, _ = learn(model, levels, same, np.ones(len(same)))
    twice, _ = learn(once, levels, same, np.ones(len(same)))
    assert twice.weights(levels) == pytest.approx(once.weights(levels))
    assert without_learned(once).weights(levels) == pytest.approx(model.weights(levels))


@given(
    st.lists(st.floats(-40, 40), min_size=1, max_size=300), st.integers(0, 120), st.integers(0, 9)
)
@settings(deadline=None)
def test_pairs_to_review_are_distinct_and_as_many_as_wanted(
    weights: list[float], n: int, seed: int
) -> None:
    drawn = np.array(weights)
    taken = np.arange(len(drawn)) % 3 == 0
    chosen = next_to_review(drawn, n, taken, seed)
    assert len(set(chosen.positions.tolist())) == len(chosen.positions)
    assert len(chosen.positions) == min(n, int((~taken).sum()))
    assert not taken[chosen.positions].any()
    assert ((chosen.chances > 0) & (chosen.chances <= 1)).all()


def test_pairs_to_review_are_spread_over_the_weights() -> None:
    rng = np.random.default_rng(1)
    weights = np.concatenate([rng.normal(-30, 3, 50_000), rng.uniform(-10, 15, 2_000)])
    chosen = next_to_review(weights, 100)
    assert len(np.unique(strata(weights[chosen.positions]))) >= 20
    assert (weights[chosen.positions] < -10).mean() < 0.2


def test_the_chances_of_choice_sum_to_the_pairs() -> None:
    weights = np.random.default_rng(2).normal(0, 8, 5_000)
    chosen = next_to_review(weights, 200)
    assert (1 / chosen.chances).sum() == pytest.approx(len(weights))


def test_decided_pairs_stand_for_all() -> None:
    weights = np.random.default_rng(2).normal(0, 8, 5_000)
    chosen = next_to_review(weights, 200)
    counts = np.ones(len(weights), dtype=np.int64)
    stands_for = importance_of(weights[chosen.positions], weights, counts)
    assert stands_for.sum() == pytest.approx(len(weights))


def test_the_interval_of_precision_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        weights = rng.normal(0, 8, 4_000)
        # The model is two bits too sure of one person; the decisions know.
        same = truth(weights - 2, seed)
        chosen = next_to_review(weights, 200, seed=seed).positions
        counts = np.ones(len(weights), dtype=np.int64)
        precision, _, recall = judged(
            weights[chosen], same[chosen], weights[chosen] > 7, weights, counts, 0.0
        )
        assert precision is not None
        assert recall is not None
        held += precision.low <= same[weights >= 0].mean() <= precision.high
    assert held >= 34


def test_what_fields_tell_together_needs_more_than_one_field() -> None:
    nothing = np.zeros((1, len(FIELDS)), dtype=np.int32)
    assert not any(flags.any() for flags in together(nothing).values())
