"""XML: written by hand where layouts are fixed, read without network, entities or surprises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from profilecore_exports.faults import ExportRefused
from profilecore_exports.letters import printable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
MAX_BYTES = 32 * 2**20


def escape(text: str) -> str:
    """Give a text as it stands in an element, or between double quotes in an attribute."""
    # The library's own escape comes with a whole web client, and a table takes thrice the time.
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return text.replace(">", "&gt;").replace('"', "&quot;")


def tag(name: str, *inner: str) -> str:
    """Give an element around what is XML already."""
    return f"<{name}>{''.join(inner)}</{name}>"


def leaf(name: str, value: object) -> str:
    """Give an element with a text; nothing at all where there is no text."""
    text = "" if value is None else printable(str(value))
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def attributes(values: Mapping[str, object]) -> str:
    """Give attributes, those without a value left out."""
    kept = {name: printable(str(value)) for name, value in values.items() if value is not None}
    return "".join(f' {name}="{escape(text)}"' for name, text in kept.items())


def parse(content: bytes) -> Element:
    """Read XML.  A document type is refused, so no entity is ever expanded or fetched.

    :raises ExportRefused: if it is no XML, has a document type or is too large.
    """
    from xml.etree.ElementTree import ParseError, TreeBuilder, XMLParser

    if len(content) > MAX_BYTES:
        raise ExportRefused("too-large", f"The answer is larger than {MAX_BYTES // 2**20} MiB.")
    if b"<!DOCTYPE" in content.upper() or b"<!ENTITY" in content.upper():
        raise ExportRefused("document-type", "An answer with a document type is not read.")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:4]:
        raise ExportRefused("encoding", "The answer must be UTF-8.")
    parser = XMLParser(target=TreeBuilder())
    try:
        parser.feed(content)
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError):
        raise ExportRefused("no-xml", "The answer is no XML; give the file as it came.") from None
    return root


def local(element: Element) -> str:
    """Give the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def texts(element: Element) -> dict[str, str]:
    """Give the texts of the direct children by their names without namespaces."""
    return {local(child): (child.text or "").strip() for child in element}


def whole(text: str | None) -> int | None:
    """Give a number of a line or a row; ``None`` for what is none that a file can have."""
    # Python refuses to read thousands of digits.
    return int(text) if text and len(text) <= 9 and text.isdecimal() else None


def every(element: Element, *names: str) -> list[Element]:
    """Give all elements below that have one of these names, in order."""
    return [found for found in element.iter() if local(found) in names]
