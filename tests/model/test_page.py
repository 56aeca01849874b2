"""A page stands alone, and takes no text for markup that is none."""

from __future__ import annotations

from html.parser import HTMLParser

from profilecore.page import html_page


class Seen(HTMLParser):
    """Notes the elements of a page with their attributes, and its texts by the element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.elements[-1][0] if self.elements else "", data)


def test_a_page_loads_nothing_and_is_listed_by_no_search_engine() -> None:
    seen = Seen(html_page("Stays", "p { color: red; }", ["<p>one</p>", "<p>two</p>"], "de"))
    metas = {m.get("http-equiv") or m.get("name"): m.get("content") for t, m in seen.elements
             if t == "meta"}  # fmt: skip
    assert metas["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert metas["robots"] == "noindex"
    assert ("html", {"lang": "de"}) in seen.elements
    assert [tag for tag, _ in seen.elements if tag in ("main", "p", "script", "link")] == [
        "main", "p", "p",
    ]  # fmt: skip


def test_a_title_is_a_text() -> None:
    seen = Seen(html_page("A & B <script>", "", ["<p>x</p>"]))
    assert seen.texts["title"] == "A & B <script>"
    assert "script" not in [tag for tag, _ in seen.elements]


def test_what_a_file_of_text_cannot_hold_is_replaced_in_a_title() -> None:
    # As in the name of a file that is not in the encoding of the system.
    seen = Seen(html_page("Duplicates in a\udcff.db", "", []))
    assert seen.texts["title"] == "Duplicates in a\ufffd.db"
