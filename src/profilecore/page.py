"""HTML that stands alone: a page that needs nothing from elsewhere, and the texts in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

# What XML cannot hold, even escaped.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# A page shows personal data: it loads nothing, runs nothing, and no search engine lists it.
_HEAD = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
"""
_END = "</main>\n</body>\n</html>\n"


def html_page(title: str, style: str, body: Iterable[str], language: str = "en") -> str:
    """Give a page: its title as plain text, its CSS, and the HTML of its body in pieces.

    A browser that opens it loads nothing and runs no script, even if some were in the body.
    """
    head = _HEAD.format(language=language, title=text_of(title), style=style)
    return "".join([head, *body, _END])


def text_of(value: object) -> str:
    """Write a value for HTML or SVG: escaped, and without what neither can hold."""
    return escape(_FORBIDDEN.sub("\ufffd", str(value)))
