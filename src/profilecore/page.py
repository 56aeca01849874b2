"""An HTML page that stands alone: one file that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

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
    head = _HEAD.format(language=language, title=escape(title), style=style)
    return "".join([head, *body, _END])
