"""Write the reference pages that come from the code, into docs/reference/generated/.

Run by ``make docs``. What a page says is a docstring or a declaration in the code, so a page
cannot say something else than the code does. A missing docstring stops the build.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import click

import profilecore.cli
import profilecore.errors
import profilecore.hooks
from profilecore.model import fields
from profilecore.rules import pack
from profilecore.rules.retention import Trust

TARGET = Path(__file__).parent / "reference" / "generated"
KINDS = {
    "register": "Called once per engine; the plugin says what it brings.",
    "check": "Called inside the transaction; what it returns, or raises, refuses.",
    "on": "It observes what was committed, or that an engine is open, each plugin on its own.",
}


def prose(thing: Any, name: str) -> str:
    """Give a docstring as Markdown; reST field lists and roles become lists and code."""
    text = inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    if not text:
        sys.exit(f"{name} has no docstring")
    text = re.sub(r":[a-z]+:`~?([^`]+)`", r"`\1`", text)
    text = re.sub(r"(?m)^:(?:param|raises) (\w[\w.]*):", r"\n- `\1`:", text)
    return re.sub(r"(?m)^:returns?:", r"\nReturns", text)


def signature(thing: Any, name: str) -> str:
    """Give a call as a Python block, or nothing for what cannot be called."""
    try:
        shown = name + str(inspect.signature(thing)).replace("profilecore.", "")
    except (TypeError, ValueError):
        return ""
    shown = re.sub(r"\((?:self|cls)(?:, )?", "(", shown, count=1)
    shown = re.sub(r"(: |-> )'([^']*)'", r"\1\2", shown)  # annotations kept as text
    shown = re.sub(r"<([\w.]+): [^>]*>", r"\1", shown).replace("= NOTHING", "= ...")
    if len(shown) > 88:
        shown = re.sub(r", (?=\*?\*?\w+[:=]|\*,)", ",\n    ", shown).replace("(", "(\n    ", 1)
    return f"```python\n{shown}\n```\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Give a Markdown table."""
    cells = [list(head)]
    cells += [["---"] * len(cells[0]), *([c.replace("|", "\\|") for c in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def members(cls: type) -> dict[str, Any]:
    """Give what a class and those of ours that it is made of define, its own first."""
    found: dict[str, Any] = {}
    for part in cls.__mro__:
        if part.__module__.startswith("profilecore."):
            found |= {name: member for name, member in vars(part).items() if name not in found}
    return found


def api() -> Iterator[str]:
    yield "# Public API\n\nEverything that `import profilecore` offers.\n"
    for name in profilecore.__all__:
        thing = getattr(profilecore, name)
        if isinstance(thing, ModuleType | str) or not hasattr(thing, "__module__"):
            continue
        yield f"## {name}\n\n{signature(thing, name) if callable(thing) else ''}"
        yield prose(thing if callable(thing) else type(thing), name) + "\n"
        if not inspect.isclass(thing) or issubclass(thing, Exception):
            continue
        for member, found in members(thing).items():
            plain = found.__func__ if isinstance(found, classmethod | staticmethod) else found
            if inspect.isfunction(plain) and not member.startswith("_") and plain.__doc__:
                yield f"### {name}.{member}\n\n{signature(plain, member)}"
                yield prose(plain, f"{name}.{member}") + "\n"


def errors() -> Iterator[str]:
    yield "# Errors\n\n`code` is stable and meant for programs.\n"

    def tree(cls: type, depth: int) -> Iterator[list[str]]:
        if not cls.__name__.startswith("_"):
            code = f"`{vars(cls)['code']}`" if "code" in vars(cls) else ""
            summary = " ".join(prose(cls, cls.__name__).split("\n\n")[0].split())
            yield ["&nbsp;" * 4 * depth + f"`{cls.__name__}`", code, summary]
        for child in cls.__subclasses__():
            if child.__module__ == profilecore.errors.__name__:
                yield from tree(child, depth + (not cls.__name__.startswith("_")))

    yield table(("error", "code", "meaning"), tree(profilecore.errors.ProfilecoreError, 0))


def hooks() -> Iterator[str]:
    yield "# Hooks\n\nThe name tells the kind. Order never changes a result.\n"
    found = {
        name: spec
        for name, spec in vars(profilecore.hooks).items()
        if name.startswith("profilecore_") and inspect.isfunction(spec)
    }
    if not found:
        sys.exit("profilecore.hooks declares no hook")
    for kind, meaning in KINDS.items():
        specs = {n: s for n, s in sorted(found.items()) if n.split("_")[1] == kind}
        yield f"## {kind.capitalize()}\n\n{meaning}\n" if specs else ""
        for name, spec in specs.items():
            yield f"### {name}\n\n{signature(spec, name)}\n{prose(spec, name)}\n"


def rule_rows(cls: type) -> list[dict[str, str]]:
    """Give one row a field, or nothing for a class without field rules."""
    if not attrs.has(cls) or not all("profilecore.rule" in f.metadata for f in attrs.fields(cls)):
        return []
    return list(fields.rule_table(cls))


def field_rules() -> Iterator[str]:
    yield "# Field rules\n\nHow each field merges, is cleared, is protected and is found.\n"
    for name in profilecore.__all__:
        thing = getattr(profilecore, name)
        rows = rule_rows(thing) if inspect.isclass(thing) else []
        if rows:
            yield f"## {name}\n\n" + table(rows[0], (row.values() for row in rows))


RETENTION = """# Retention rules

The built-in ones. They were transcribed from the laws named; a lawyer must confirm them before they
are relied on. An unverified rule is off until it is switched on by name. How to choose, change and
add rules: [Keep what the law wants kept](../../how-to/keep-what-the-law-wants.md).
"""


def retention_rules() -> Iterator[str]:
    yield RETENTION
    for rule in sorted(pack.PACK, key=lambda rule: rule.name):
        whom = "foreigners" if rule.foreigners_only else "everybody"
        is_off = rule.trust is Trust.UNVERIFIED
        rows = [
            ("country", rule.country or "any"),
            ("legal basis", rule.legal_basis),
            ("runs from", rule.clock.value),
            ("minimum", rule.minimum or "none"),
            ("maximum", rule.maximum or "none"),
            ("records", f"{rule.record_kind}, of {whom}"),
            ("keeps", ", ".join(f"`{path}`" for path in rule.fields) or "all of the record"),
            ("source", rule.source or "none"),
            ("trust", "**unverified**: off" if is_off else rule.trust.value),
        ]
        yield f"## {rule.name}\n\n{table(('', ''), rows)}"


def commands() -> Iterator[str]:
    yield "# Command line\n"

    def walk(command: click.Command, context: click.Context) -> Iterator[str]:
        yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                if child is not None and not child.hidden:
                    yield from walk(child, click.Context(child, info_name=name, parent=context))

    main: click.Command = profilecore.cli.main
    yield from walk(main, click.Context(main, info_name="profilecore", terminal_width=90))


PAGES = {
    "api": api,
    "cli": commands,
    "errors": errors,
    "fields": field_rules,
    "hooks": hooks,
    "retention": retention_rules,
}

if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        TARGET.joinpath(f"{name}.md").write_text("\n".join(page()) + "\n", encoding="utf-8")
