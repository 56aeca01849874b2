"""One run of Splink on DuckDB: ``python peer_splink.py MODEL RECORDS OUT MAX_PAIRS``.

A script for an environment of its own, which has Splink and nothing of ours.  RECORDS is Parquet
with an id and, for guests, standard columns; OUT gets ``pairs.parquet`` (left, right, weight in
bits) and ``clusters.parquet`` (id, cluster).
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

SWAPPED = "l.{0} = r.{1} and l.{1} = r.{0}"


def febrl() -> dict[str, object]:
    """Model the FEBRL sets as Splink's own demonstration of them does."""
    swapped = SWAPPED.format("given_name", "surname")
    return {
        "blocking": [
            block_on(c)
            for c in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
        ],
        "comparisons": [
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d"
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(
                term_frequency_adjustments=True
            ),
        ],
        "sure": [
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
            f"{swapped} and l.date_of_birth = r.date_of_birth",
        ],
        "recall": 0.9,
        "training": [block_on("date_of_birth"), block_on("postcode")],
    }


def fake() -> dict[str, object]:
    """Model the set of made-up persons as Splink's own quick start does."""
    return {
        "blocking": [block_on(c) for c in ("first_name", "surname", "dob", "email")],
        "comparisons": [
            cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        "sure": [
            block_on("first_name", "dob"),
            "l.surname = r.surname and levenshtein(l.dob, r.dob) <= 1",
            block_on("email"),
        ],
        "recall": 0.7,
        "training": [block_on("first_name", "surname"), block_on("dob")],
    }


def guests(full_names: str | None = None) -> dict[str, object]:
    """Model guests in the manner of the documentation, on standard columns.

    With a column of full names their frequencies count, without one those of each name.
    """
    swapped = SWAPPED.format("first_name", "last_name")
    return {
        "blocking": [
            block_on("email"),
            block_on("phone"),
            block_on("doc_no"),
            block_on("first_name", "last_name"),
            block_on("last_name", "dob"),
            block_on("first_name", "dob"),
            block_on("last_name", "postcode"),
            block_on("first_name", "postcode"),
            swapped,
            block_on("dob", "postcode"),
            block_on("dob", "city"),
            block_on("postcode", "street", "house"),
            block_on("substr(last_name, 1, 4)", "substr(first_name, 1, 3)", "city"),
        ],
        "comparisons": [
            cl.ForenameSurnameComparison(
                "first_name", "last_name", forename_surname_concat_col_name=full_names
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.EmailComparison("email"),
            cl.DamerauLevenshteinAtThresholds("phone", [1]),
            cl.DamerauLevenshteinAtThresholds("doc_no", [1]),
            _address(),
        ],
        "sure": [
            block_on("email"),
            block_on("doc_no"),
            block_on("first_name", "last_name", "dob"),
            block_on("phone", "first_name"),
        ],
        "recall": 0.8,
        "training": [
            block_on("first_name", "last_name"),
            block_on("dob", "postcode"),
            block_on("email"),
        ],
    }


def _address() -> cl.CustomComparison:
    post, street = cll.ExactMatchLevel("postcode"), cll.ExactMatchLevel("street")
    house = cll.ExactMatchLevel("house")
    return cl.CustomComparison(
        output_column_name="address",
        comparison_levels=[
            cll.And(
                *(cll.NullLevel(c) for c in ("postcode", "city", "street")),
            ),
            cll.And(post, street, house),
            cll.And(post, cll.JaroWinklerLevel("street", 0.85)),
            post,
            cll.ExactMatchLevel("city"),
            cll.And(street, house),
            cll.ElseLevel(),
        ],
    )


MODELS = {
    "febrl": febrl,
    "fake": fake,
    "guests": guests,
    "guests by full name": lambda: guests("full_name"),
}


def main(name: str, records: str, out: str, max_pairs: str) -> None:
    """Fit the model, predict, cluster, and write the results."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    model = MODELS[name]()
    connection = duckdb.connect()
    connection.execute("create table records as select * from read_parquet(?)", [records])
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=model["comparisons"],
        blocking_rules_to_generate_predictions=model["blocking"],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    api = DuckDBAPI(connection=connection)
    linker = Linker(api.register("records"), settings)
    linker.training.estimate_probability_two_random_records_match(
        model["sure"], recall=model["recall"]
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=float(max_pairs), seed=1)
    for rule in model["training"]:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )
    found = linker.inference.predict(threshold_match_probability=0.001)
    groups = linker.clustering.cluster_pairwise_predictions_at_threshold(found, 0.95)
    folder = Path(out)
    for table, columns, file in (
        (found, 'id_l as "left", id_r as "right", match_weight as weight', "pairs.parquet"),
        (groups, "id, cluster_id as cluster", "clusters.parquet"),
    ):
        connection.execute(
            f"copy (select {columns} from {table.physical_name}) "
            f"to '{folder / file}' (format parquet)"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
