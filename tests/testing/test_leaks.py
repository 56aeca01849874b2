"""The watcher finds a guest's name wherever it shows, and nothing where it may."""

from __future__ import annotations

import pytest

from profilecore import Profile
from profilecore.model import documents
from profilecore.testing import _marks
from profilecore.testing._marks import Marks, masked

pytest_plugins = ["pytester"]

NAME = "Quetzalcoa"
SUITE = """
import ipaddress, logging, warnings
import attrs, pytest
from profilecore import Engine, ProfilecoreError, hookimpl

NAME = "Quetzalcoa"
LOG = logging.getLogger("hotel.desk")

@attrs.frozen
class Shown:
    name: str

class Shows:
    @hookimpl
    def profilecore_check_change(self, change):
        raise RuntimeError(NAME)

@pytest.fixture
def engine():
    with Engine.open("memory://", discover=False) as made:
        made.create({"last_name": NAME, "birth_place": "Tenochtitlan"})
        yield made

def address(text):
    return ipaddress.ip_address(text)  # repeats the text in its error

def test_a_log(engine):
    LOG.debug("for %s", NAME)

def test_another_case_and_a_part_of_a_word(engine):
    LOG.debug("for x%sy", NAME.upper())

def test_a_log_with_an_error(engine):
    try:
        address(NAME)
    except ValueError:
        LOG.exception("failed")

def test_a_log_of_what_was_refused(engine):
    with pytest.raises(ProfilecoreError):
        engine.create({"last_name": "Rosa", "birth_date": "the third of may"})
    LOG.info("the third of may")

def test_a_log_after_the_test(engine, request):
    request.addfinalizer(lambda: LOG.info(NAME))

def test_a_warning(engine):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("who is " + NAME)

def test_an_error_of_ours_that_nobody_saw(engine):
    ProfilecoreError(f"no {NAME} here")

def test_a_caught_error(engine):
    with pytest.raises(ValueError):
        address(NAME)

def test_a_chained_error(engine):
    with pytest.raises(ProfilecoreError):
        try:
            address(NAME)
        except ValueError as error:
            raise ProfilecoreError("said less") from error

def test_a_hidden_error(engine):
    with pytest.raises(ProfilecoreError):
        try:
            address(NAME)
        except ValueError:
            raise ProfilecoreError("said less") from None

def test_a_note_of_an_error(engine):
    with pytest.raises(ProfilecoreError):
        try:
            engine.get("nobody")
        except ProfilecoreError as error:
            error.add_note(NAME)
            raise

def test_a_stored_value(engine):
    engine._kernel.codec.dump(Shown(NAME))

# ---- what may show

def test_nothing(engine):
    pass

def test_an_id(engine):
    made = engine.create({"last_name": "Rosa", "company_name": "Same"})
    engine.record_stay(made.id, {"property_id": "P1", "reference": made.id})
    LOG.info(made.id)

def test_short_and_longer_words(engine):
    engine.create({"last_name": "Rosa", "first_name": "Al", "custom": {}})
    LOG.info("prosaic, also")

def test_a_code_of_the_core(engine):
    engine.create({"last_name": "Survivor", "first_name": "vip"})
    LOG.info("survivor")

def test_an_error_of_the_test(engine):
    with pytest.raises(RuntimeError):
        raise RuntimeError(NAME)

def test_a_value_of_an_earlier_test():
    LOG.info(NAME)

@pytest.mark.shows_values("on purpose")
def test_an_exemption(engine):
    LOG.info(NAME)
"""
LEAKS = {
    "a_log": "a log record of hotel.desk shows Profile.last_name: for ***",
    "another_case_and_a_part_of_a_word": "a log record of hotel.desk shows Profile.last_name",
    "a_log_with_an_error": "a log record of hotel.desk with the error ValueError shows",
    "a_log_of_what_was_refused": "a log record of hotel.desk shows Profile.birth_date: ***",
    "a_log_after_the_test": "a log record of hotel.desk shows Profile.last_name: ***",
    "a_warning": "the warning UserWarning shows Profile.last_name: who is ***",
    "an_error_of_ours_that_nobody_saw": "the error ProfilecoreError shows Profile.last_name",
    "a_caught_error": "the error ValueError shows Profile.last_name",
    "a_chained_error": "the error ValueError shows Profile.last_name",
    "a_hidden_error": "the error ValueError shows Profile.last_name",
    "a_note_of_an_error": "a note of the error NotFound shows Profile.last_name",
    "a_stored_value": "the repr of Shown shows Profile.last_name",
}
SOUND = {
    "nothing", "an_id", "short_and_longer_words", "a_code_of_the_core", "an_error_of_the_test",
    "a_value_of_an_earlier_test", "an_exemption",
}  # fmt: skip


@pytest.fixture
def watched(pytester: pytest.Pytester) -> pytest.RunResult:
    """Give what came of a suite that was run under the watcher, in a process of its own."""
    folder = pytester.mkdir("tests")
    folder.joinpath("test_guests.py").write_text(SUITE)
    return pytester.runpytest_subprocess(
        "-p", "profilecore.testing.leaks", "-p", "no:cacheprovider", "-p", "no:randomly",
        "--show-capture=no", "--tb=short", "-v", "--strict-markers",
    )  # fmt: skip


def test_each_kind_of_leak_is_found_and_named_without_the_value(
    watched: pytest.RunResult,
) -> None:
    text = watched.stdout.str()
    assert watched.parseoutcomes() == {"passed": len(LEAKS) + len(SOUND), "errors": len(LEAKS)}
    for name, words in LEAKS.items():
        _, _, rest = text.partition(f"ERROR at teardown of test_{name} ")
        said, _, _ = rest.partition("\n___")
        assert words in said, name
        assert NAME.casefold() not in said.casefold(), name


def test_without_the_watcher_the_same_tests_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE.replace('@pytest.mark.shows_values("on purpose")', ""))
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert done.parseoutcomes() == {"passed": len(LEAKS) + len(SOUND)}


# ---- what is a mark


def shown(text: str, cls: type = Profile, **values: object) -> dict[str, str]:
    marks = Marks()
    marks.take(cls, values)
    return marks.shown(text)


def test_texts_inside_of_values_are_marks() -> None:
    emails = [{"value": "rosa@example.org", "primary": True}]
    assert shown("to ROSA@example.org", emails=emails) == {"rosa@example.org": "Profile.emails"}
    assert shown("of gold", custom={"shoe": ["gold"]}) == {"gold": "Profile.custom"}


def test_a_name_without_its_accents_is_the_same_name() -> None:
    assert set(shown("row of munoz", last_name="Muñoz").values()) == {"Profile.last_name"}


def test_what_a_class_that_is_about_a_profile_hides_is_a_mark() -> None:
    file = {"name": "scan-of-rosa.png", "content_type": "image/png"}
    assert shown("scan-of-rosa.png", documents.FileRecord, **file)
    assert not shown("image/png", documents.FileRecord, **file)


def test_the_value_of_an_unknown_field_is_a_mark() -> None:
    assert shown("wrong: marmalade", surname="marmalade") == {"marmalade": "Profile.surname"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("in 2026", {"accounting_code": "2026"}),
        ("lola", {"first_name": "Lo"}),
        ("a_rosa_b", {"last_name": "Rosa"}),
        ("blue", {"external_ids": [{"system": "blue", "value": "x"}]}),
        ("must be one of female, male", {"sex": "female"}),
        ("<Merge id000001>", {"addresses": [{"city": "merge_id"}]}),
        ("P1 and P1234", {"property_id": "P1234"}),
        ("<01a2060935177517946f3a84879800a5>", {"documents": [{"number": "06093517"}]}),
    ],
)
def test_codes_and_short_texts_are_no_marks(text: str, values: dict[str, object]) -> None:
    assert shown(text, **values) == {}


def test_a_test_with_very_many_values_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_marks, "MOST", 50)
    marks = Marks()
    for number in range(5_000):
        marks.take(Profile, {"last_name": f"Guest-{number:05}"})
    found = marks.shown(" ".join(f"guest-{n:05}" for n in range(5_000)))
    assert 0 < len(found) <= 50


def test_masks_cover_the_longest_first() -> None:
    assert masked("Ana Rosa Rosales", {"rosa", "rosa rosales"}) == "ana ***"
