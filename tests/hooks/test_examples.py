"""Every hook has a short example that runs, and the guide shows it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from profilecore import hooks

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "hooks"
GUIDE = ROOT / "docs" / "how-to" / "write-a-plugin.md"
HOOKS = sorted(name for name in vars(hooks) if name.startswith("profilecore_"))
SHOWN = {
    "profilecore_check_change": "['too-young']\n",
    "profilecore_check_clear": "[('open-bill', '17')]\nerased\n",
    "profilecore_check_merge": "['one-by-one']\n()\n",
    "profilecore_on_event": "1 profile.created ",
    "profilecore_on_open": "['unanswered']\n",
    "profilecore_register_checks": "['/birth_date']\n",
    "profilecore_register_commands": "1\n",
    "profilecore_register_elsewhere": "{'newsletter': ['ana@example.org']}\n1 {}\n",
    "profilecore_register_facets": "feather\n",
    "profilecore_register_kinds": "{'complaint': [{'text': 'No hot water.'}]}\n",
    "profilecore_register_matchers": "True\n",
    "profilecore_register_references": "True\nTrue\n",
    "profilecore_register_retention": "[('stay', 'arcadia.guest-book', '2028-01-10'), ('profile', ",
    "profilecore_register_stays": "[datetime.date(2026, 5, 1)]\n",
    "profilecore_register_survivorship": "Came in May, with two dogs.\n",
    "profilecore_register_terms": "True\n",
    "profilecore_register_verbs": "Buenos días, Ana!\n",
}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_one_example_for_every_hook_and_no_other() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == HOOKS == sorted(SHOWN)


@pytest.mark.parametrize("hook", HOOKS)
def test_an_example_runs_and_implements_its_hook(
    hook: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load(EXAMPLES / f"{hook}.py")
    assert capsys.readouterr().out == "", "importing it shows nothing"
    assert any(hook in vars(thing) for thing in vars(module).values() if isinstance(thing, type))
    module.main()
    assert capsys.readouterr().out.startswith(SHOWN[hook])


@pytest.mark.parametrize("hook", HOOKS)
def test_an_example_is_short(hook: str) -> None:
    assert len((EXAMPLES / f"{hook}.py").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("hook", HOOKS)
def test_the_guide_names_the_hook_and_its_example(hook: str) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert f"`{hook}`" in text
    assert f"examples/hooks/{hook}.py" in text
