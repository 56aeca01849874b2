"""Imports go down only: each layer may use itself and the layers below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
PACKAGE = "profilecore"
FACADE = ""
TESTING = "testing"

# The table of layers, top to bottom. A name is the part after "profilecore."; its submodules
# belong to it. Names in one row may import each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__", "cli"),
    (FACADE,),  # profilecore/__init__.py
    ("engine",),
    ("rules",),
    ("hooks", "plugins"),
    ("store",),
    ("codec",),
    ("model",),
    ("normalise",),
    ("errors", "ids"),
    ("values", "later", "page"),
)
RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}

# The demonstration is about made-up guests.
EXCEPTIONS = {("profilecore.cli.demo", "profilecore.testing.guests")}

Modules = dict[str, Path]


def find_modules(source: Path) -> Modules:
    modules = {}
    for path in sorted(source.joinpath(PACKAGE).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def layer_of(module: str) -> str:
    return module.removeprefix(PACKAGE).lstrip(".").partition(".")[0]


def imported(tree: ast.AST, module: str, is_package: bool, known: Modules) -> Iterator[str]:
    """Give the modules of the package that a module imports, wherever in its text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".") if is_package else module.split(".")[:-1]
                above = parents[: len(parents) - node.level + 1]
                base = ".".join(filter(None, [*above, base]))
            names = [
                inner if (inner := f"{base}.{alias.name}") in known else base
                for alias in node.names
            ]
        else:
            continue
        yield from (n for n in names if n == PACKAGE or n.startswith(f"{PACKAGE}."))


class _Runtime(ast.NodeTransformer):
    """Drops what only a type checker reads: names of types may point upwards."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)


def violations(text: str, module: str, is_package: bool, known: Modules) -> list[str]:
    """Say which imports of a module go up."""
    own = layer_of(module)
    found = []
    for target in imported(_Runtime().visit(ast.parse(text)), module, is_package, known):
        used = layer_of(target)
        if own == TESTING:
            allowed = True
        elif used == TESTING:
            allowed = (module, target) in EXCEPTIONS
        elif own == FACADE:
            allowed = True
        else:
            allowed = RANK[own] <= RANK[used]
        if not allowed:
            found.append(f"{module} imports {target}")
    return found


MODULES = find_modules(SOURCE)


def test_every_module_belongs_to_a_layer() -> None:
    assert MODULES, f"no module under {SOURCE}"
    strangers = [m for m in MODULES if layer_of(m) not in {*RANK, TESTING}]
    assert strangers == [], "name their layer in LAYERS"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    path = MODULES[module]
    text = path.read_text(encoding="utf-8")
    assert violations(text, module, path.name == "__init__.py", MODULES) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("profilecore.errors", "import profilecore.model"),
        ("profilecore.errors", "from profilecore import model"),
        ("profilecore.model", "from profilecore.engine import Engine"),
        ("profilecore.model.parts", "def late():\n    from profilecore import Engine"),
        ("profilecore.model.parts", "from ..store import Store"),
        ("profilecore.engine", "from profilecore.testing import faults"),
        ("profilecore", "import profilecore.testing"),
    ],
)
def test_an_import_that_goes_up_is_found(module: str, text: str) -> None:
    known = {"profilecore.model": Path("model/__init__.py")}
    assert violations(text, module, is_package=False, known=known) != []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("profilecore.cli", "from profilecore import Engine"),
        ("profilecore", "from profilecore.engine import Engine"),
        ("profilecore.hooks", "from profilecore.plugins import Register"),
        ("profilecore.model", "from profilecore import errors, normalise"),
        ("profilecore.model.parts", "from .fields import field"),
        ("profilecore.testing.stores", "from profilecore.engine import Engine"),
        ("profilecore.errors", "import attrs, profilecore_other"),
        ("profilecore.hooks", "if TYPE_CHECKING:\n    from profilecore.rules import Plan"),
    ],
)
def test_an_import_that_goes_down_or_out_is_allowed(module: str, text: str) -> None:
    known = {"profilecore.errors": Path("errors.py"), "profilecore.normalise": Path("n.py")}
    assert violations(text, module, is_package=False, known=known) == []
