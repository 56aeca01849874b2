"""Answers and tables that are made to harm: refused in our own words, never read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from profilecore_exports import ExportRefused, cz, es_answers, hr, it, pt, si
from profilecore_exports.contract import Answer
from profilecore_exports.markup import MAX_BYTES
from profilecore_exports.tables import read_table

Read = Callable[[bytes], Answer]
OF_XML: dict[str, Read] = {
    "es": es_answers.answer,
    "pt": pt.answer,
    "cz": cz.answer,
    "it": it._answer,
    "si": si.answer,
}
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
PAYLOADS = {
    "billion laughs": f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">{LAUGHS}]><r>&l9;</r>',
    "quadratic blow-up": f'<!DOCTYPE r [<!ENTITY a "{"a" * 50_000}">]><r>{"&a;" * 500}</r>',
    "a file": '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>',
    "an address": '<!DOCTYPE r [<!ENTITY a SYSTEM "http://localhost:9/a">]><r>&a;</r>',
    "a public document type": '<!DOCTYPE r PUBLIC "-//a//b" "http://localhost:9/a.dtd"><r/>',
    "a parameter": '<!DOCTYPE r [<!ENTITY % a SYSTEM "http://localhost:9/a"> %a;]><r/>',
    "in small letters": '<!doctype r [<!entity a "b">]><r>&a;</r>',
    "an unknown entity": "<r>&nobody;</r>",
    "unclosed and deep": "<a>" * 20_000,
    "an unknown encoding": '<?xml version="1.0" encoding="x-nobody"?><r/>',
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("country", OF_XML)
def test_hostile_xml_is_refused(country: str, payload: str) -> None:
    with pytest.raises(ExportRefused):
        OF_XML[country](PAYLOADS[payload].encode())


def test_utf_16_cannot_hide_a_document_type() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        with pytest.raises(ExportRefused):
            es_answers.answer(PAYLOADS["a file"].encode(encoding))


def test_an_answer_that_is_too_large_is_not_read() -> None:
    with pytest.raises(ExportRefused, match="32 MiB"):
        es_answers.answer(b"<r>" + b" " * MAX_BYTES + b"</r>")


def test_json_that_nests_without_end_is_refused() -> None:
    for read in (hr.answer, si.answer):
        with pytest.raises(ExportRefused):
            read(b'{"data":' * 100_000)


def test_a_number_of_thousands_of_digits_is_no_number_of_a_line() -> None:
    many = "9" * 5_000
    lot = (
        "<r><resultado><codigoEstado>1</codigoEstado><resultadoComunicacion>"
        f"<orden>{many}</orden></resultadoComunicacion></resultado></r>"
    )
    fault = f"<r><RetornoBA><Linha>{many}</Linha></RetornoBA></r>"
    row = f'<r failure="1"><row rowPackageId="{many}"/></r>'
    assert es_answers.answer(lot.encode()).verdicts == ()
    (verdict,) = pt.answer(fault.encode()).verdicts
    assert verdict.position is None
    (verdict,) = si.answer(row.encode()).verdicts
    assert verdict.position is None


def test_what_is_no_text_is_told_as_one() -> None:
    (verdict,) = si.answer(b'{"data": {"row": [{"@id": 2, "@msg": 7, "@msgTxt": ["a"]}]}}').verdicts
    assert (verdict.position, verdict.code, verdict.text) == (1, "7", "['a']")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.json", "[" * 100_000),
        ("wide.csv", "code,name\n" + "x" * 200_000 + ",a\n"),
    ],
)
def test_a_table_that_cannot_be_taken_apart_is_refused(
    name: str, content: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ExportRefused, match=r"is no (JSON|CSV)"):
        read_table(path)
