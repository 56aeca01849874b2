"""The suite can fail: each of its tests finds out a store that breaks the rule it is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from broken_transactions import BROKEN
from file_store import FileStore
from hypothesis import Phase, settings

from profilecore.testing.conformance import StoreConformance

pytest_plugins = ["pytester"]

IN_MEMORY = """
import pytest
from broken_transactions import BROKEN
from profilecore.store import Capability
from profilecore.testing import StoreConformance

class TestBroken(StoreConformance):
    lacks = frozenset(Capability) - {{Capability.SORTED}}

    @pytest.fixture
    def store_factory(self):
        return BROKEN[{name!r}][0]
"""
IN_A_FILE = """
from broken_transactions import BROKEN
from file_store import FileConformance

class TestBroken(FileConformance):
    make = BROKEN[{name!r}][0]
"""

# These two are about the class of the author; the tests further down show that they can fail.
ABOUT_THE_CLASS = {
    "test_every_capability_is_declared_or_lacked",
    "test_no_test_of_the_suite_is_overridden",
}


def failed(pytester: pytest.Pytester, source: str, *tests: str) -> set[str]:
    """Run tests of the suite and give those that failed."""
    path = pytester.makepyfile(source)
    chosen = [f"{path}::TestBroken::{test}" for test in tests] or [str(path)]
    reports = pytester.inline_run(*chosen, "-p", "no:cacheprovider").getreports()
    return {
        report.nodeid.rpartition("::")[2].partition("[")[0]
        for report in reports
        if isinstance(report, pytest.TestReport) and report.failed
    }


def test_every_test_of_the_suite_can_fail() -> None:
    suite = {name for name in dir(StoreConformance) if name.startswith("test_")}
    found_out = {test for _, tests in BROKEN.values() for test in tests}
    assert found_out == suite - ABOUT_THE_CLASS


@pytest.fixture
def failing_fast() -> Iterator[None]:
    """Let Hypothesis stop at the first failure, the same in each run."""
    before = settings.get_current_profile_name()
    settings.register_profile("failing-fast", phases=[Phase.generate], derandomize=True)
    settings.load_profile("failing-fast")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("failing_fast")
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_store_is_found_out(
    name: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROFILECORE_STEPS", "500")
    broken, tests = BROKEN[name]
    source = IN_A_FILE if issubclass(broken, FileStore) else IN_MEMORY
    assert failed(pytester, source.format(name=name), *tests) == set(tests)


AUTHOR = """
import pytest
from file_store import FileStore
from profilecore.store import Capability, MemoryStore
from profilecore.testing import StoreConformance

class Sound(StoreConformance):
    lacks = frozenset(Capability) - {Capability.SORTED}

    @pytest.fixture
    def store_factory(self):
        return MemoryStore

"""
GUARD = "test_no_test_of_the_suite_is_overridden"
COUNT = "test_count_counts_one_kind"


@pytest.mark.parametrize(
    "override",
    [
        f"def {COUNT}(self): pass",
        f"{COUNT} = None",
        *(
            f"@pytest.mark.{mark}\n    def {COUNT}(self): pass"
            for mark in (
                "skip",
                "xfail(reason='no')",
                "xfail(strict=True)",
                "xfail(False, strict=True, reason='no')",
                "xfail(strict=True, run=False, reason='no')",
            )
        ),
    ],
)
def test_a_silent_override_is_found_out(pytester: pytest.Pytester, override: str) -> None:
    source = f"{AUTHOR}class TestBroken(Sound):\n    {override}\n"
    assert failed(pytester, source, GUARD) == {GUARD}


def test_an_override_may_say_that_it_fails(pytester: pytest.Pytester) -> None:
    source = f"""{AUTHOR}
class TestBroken(Sound):
    @pytest.mark.xfail(strict=True, reason="counts in its own way")
    def {COUNT}(self, store):
        super().{COUNT}(store)
        assert False
"""
    assert failed(pytester, source, GUARD, COUNT) == set()


def test_a_test_of_the_authors_own_is_no_override(pytester: pytest.Pytester) -> None:
    source = f"{AUTHOR}class TestBroken(Sound):\n    def test_mine(self): pass\n"
    assert failed(pytester, source, GUARD, "test_mine") == set()


@pytest.mark.parametrize(
    ("store", "lacks", "also"),
    [
        ("MemoryStore", "set(Capability) - {Capability.JOINS}", "test_the_host_commits"),
        ("lambda: FileStore(tmp_path / 'x')", "set(Capability)", "test_the_host_commits"),
        ("lambda: FileStore(tmp_path / 'x')", "[Capability.JOINS]", "test_the_host_commits"),
    ],
    ids=["neither", "both", "one of four"],
)
def test_a_capability_is_either_declared_or_lacked(
    pytester: pytest.Pytester, store: str, lacks: str, also: str
) -> None:
    source = f"""{AUTHOR}
class TestBroken(StoreConformance):
    lacks = frozenset({lacks})

    @pytest.fixture
    def store_factory(self, tmp_path):
        return {store}
"""
    test = "test_every_capability_is_declared_or_lacked"
    assert failed(pytester, source, test, also) == {test, also}


@pytest.mark.parametrize(
    "test",
    [
        "test_everything_is_there_after_reopening",
        "test_the_host_commits",
        "test_a_killed_process_leaves_the_state_before",
    ],
)
def test_a_capability_without_its_fixture_is_no_reason_to_skip(
    pytester: pytest.Pytester, test: str
) -> None:
    source = f"""{AUTHOR}
class TestBroken(StoreConformance):
    @pytest.fixture
    def store_factory(self, tmp_path):
        return lambda: FileStore(tmp_path / "x")
"""
    assert failed(pytester, source, test) == {test}


def test_what_is_skipped_says_what_the_store_lacks(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(f"{AUTHOR}class TestSound(Sound):\n    pass\n")
    result = pytester.runpytest_inprocess(path, "-rs", "-k", "killed or host or file")
    result.stdout.fnmatch_lines(["*store lacks FILES", "*store lacks JOINS"])
    result.assert_outcomes(skipped=4, deselected=result.parseoutcomes()["deselected"])
