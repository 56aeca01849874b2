"""Registration sheets to print and sign, as HTML pages without scripts or links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from profilecore.page import html_page
from profilecore.values import frozen
from profilecore_exports.contract import OutFile, Report, Setting
from profilecore_exports.letters import printable
from profilecore_exports.markup import escape
from profilecore_exports.naming import file_name

_STYLE = (
    "body{font:11pt sans-serif;margin:0}"
    "section{page-break-after:always;padding:15mm}"
    "h1{font-size:15pt}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #888;padding:2mm;text-align:left;vertical-align:top}"
    "th{width:38%;font-weight:normal;color:#333}"
    ".sign{margin-top:18mm;border-top:1px solid #000;width:80mm}"
)


@frozen
class House:
    """A property as its sheets name it."""

    name: str
    street: str
    town: str
    postal_code: str


@frozen
class Words:
    """The words of a country's sheet; ``law`` is the line below the title."""

    language: str
    title: str
    law: str
    property: str
    companions: str
    signature: str


def sheet(
    words: Words,
    house: House,
    rows: Iterable[tuple[str, str]],
    companions: Sequence[tuple[str, ...]] = (),
) -> str:
    """Give one sheet: what is asked with what is known, companions, a line to sign on."""
    place = f"{house.name}, {house.street}, {house.postal_code} {house.town}"
    known = [(words.property, place), *rows]
    cells = "".join(f"<tr><th>{_text(name)}</th><td>{_text(v)}</td></tr>" for name, v in known)
    listed = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in companions
    )
    with_whom = f"<h2>{_text(words.companions)}</h2><table>{listed}</table>" if listed else ""
    return (
        f"<section><h1>{_text(words.title)}</h1><p>{_text(words.law)}</p>"
        f"<table>{cells}</table>{with_whom}"
        f'<p class="sign">{_text(words.signature)}</p></section>'
    )


def page(words: Words, sheets: Iterable[str]) -> bytes:
    """Give a page of sheets, each on paper of its own."""
    return html_page(words.title, _STYLE, sheets, words.language).encode()


def printed(format: str, words: Words) -> Callable[[Sequence[Report], Setting], OutFile]:
    """Give what puts the sheets of a format into one file."""

    def assemble(reports: Sequence[Report], setting: Setting) -> OutFile:
        content = page(words, (report.text for report in reports))
        return OutFile(file_name(format, setting, "html"), content, tuple(reports))

    return assemble


def _text(value: str) -> str:
    return escape(printable(value))
