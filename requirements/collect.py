"""Write run.in: what the distributions of this repository declare, in one list.

``python requirements/collect.py`` writes it, ``--check`` only tells whether it is up to date.
Each pyproject.toml stays the one place where a dependency is declared.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "requirements" / "run.in"
# Hatchling needs it to install a project in place, and asks for it only while it does so.
EDITABLE_SUPPORT = "editables>=0.5"
HEADER = "# Written by requirements/collect.py from the pyproject.toml files.\n"


def normal_name(requirement: str) -> str:
    """Give the distribution's normal name."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    if match is None:
        raise SystemExit(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def declared() -> list[str]:
    """List the requirements of the core and its plugins, and what builds them, sorted."""
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    projects = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    own = {normal_name(project["project"]["name"]) for project in projects}
    found = {EDITABLE_SUPPORT}
    for project in projects:
        found.update(project["build-system"]["requires"])
        found.update(project["project"].get("dependencies", ()))
    return sorted(line for line in found if normal_name(line) not in own)


def main() -> int:
    """Write the list, or check it."""
    text = HEADER + "".join(f"{line}\n" for line in declared())
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("requirements/run.in is out of date: run `make lock`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
