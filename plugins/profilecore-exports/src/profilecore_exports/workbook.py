"""A spreadsheet of texts, written without formulas: what is typed stays what it is."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence

from profilecore_exports.letters import printable
from profilecore_exports.markup import HEAD, escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# What programs take for a formula when the sheet is saved as text and opened again.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+\-]?[0-9 ]+")


def guarded(text: str) -> str:
    """Give a text that no program takes for a formula; a telephone number stays as it is."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def workbook(name: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Give an XLSX file with one sheet: a row of heads, then rows of texts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in _parts(name, head, rows):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def _parts(
    name: str, head: Sequence[str], rows: Iterable[Sequence[str]]
) -> Iterable[tuple[str, str]]:
    office = f"{_RELATIONS}/officeDocument"
    yield (
        "[Content_Types].xml",
        f'{HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
        "</Types>",
    )
    yield "_rels/.rels", _links((office, "xl/workbook.xml"))
    yield (
        "xl/workbook.xml",
        f'{HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        f'<sheet name="{escape(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    )
    yield "xl/_rels/workbook.xml.rels", _links((f"{_RELATIONS}/worksheet", "worksheets/sheet1.xml"))
    cells = [_row(1, head, keep=True)]
    cells += [_row(number, row) for number, row in enumerate(rows, 2)]
    data = f"<sheetData>{''.join(cells)}</sheetData>"
    yield "xl/worksheets/sheet1.xml", f'{HEAD}<worksheet xmlns="{_MAIN}">{data}</worksheet>'


def _links(*links: tuple[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(links, 1)
    )
    return f'{HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _row(number: int, cells: Sequence[str], *, keep: bool = False) -> str:
    listed = "".join(
        f'<c r="{chr(65 + column)}{number}" t="inlineStr"><is><t xml:space="preserve">'
        f"{escape(cell if keep else guarded(printable(cell)))}</t></is></c>"
        for column, cell in enumerate(cells)
    )
    return f'<row r="{number}">{listed}</row>'
