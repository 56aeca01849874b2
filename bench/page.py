"""The page of benchmarks: several programs write it, each its own section."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def with_head(page: str, head: str) -> str:
    """Give the page with another head: all that stands before its first section."""
    return _joined(_parts(page, "## ") | {"": head}, "## ")


def with_section(page: str, section: str, introduction: str, name: str, text: str) -> str:
    """Give the page with one part of a section replaced, or added as the last.

    The other parts of the section stay; its introduction is written anew.
    """
    sections = _parts(page, "## ")
    parts = _parts(sections.get(section, ""), "### ")
    parts |= {"": introduction, name: text}
    return _joined(sections | {section: _joined(parts, "### ")}, "## ")


def _parts(text: str, mark: str) -> dict[str, str]:
    """Part a text at its headings of one level: what stands below each, in order."""
    parts, name = {"": ""}, ""
    for line in text.splitlines(keepends=True):
        if line.startswith(mark):
            name = line.removeprefix(mark).strip()
            parts[name] = ""
        else:
            parts[name] += line
    return parts


def _joined(parts: dict[str, str], mark: str) -> str:
    texts = [f"{mark}{name}\n\n{text.strip()}\n" if name else text for name, text in parts.items()]
    return "\n".join(t.rstrip() + "\n" for t in texts if t.strip())
