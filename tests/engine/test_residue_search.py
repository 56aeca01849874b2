"""The search for what is left of a person: it finds what is there, and says only where."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from kit import P1, PNG, open_engine

from profilecore import Engine, Fingerprints, ProfilecoreError, Residue, ScopeDenied, StoreError
from profilecore.engine import residue, scanner
from profilecore.engine.residue import scan
from profilecore.rules.traces import leading
from profilecore.store import open_store

ANA = {
    "first_name": "Ana",
    "last_name": "Unheardof",
    "birth_date": "1984-05-17",
    "occupation": "cook",
    "emails": ["ana.unheardof@example.org"],
    "phones": ["+34699887766"],
    "notes": ["Plays the hurdy-gurdy at night,\nasks for a thick door."],
}
SCAN = Random(7).randbytes(9_000)


@pytest.fixture
def sqlite(part: Callable[[str], Any], tmp_path: Path) -> Iterator[Engine]:
    part("profilecore_sqlite")
    with open_engine(open_store(f"sqlite:///{tmp_path / 'a.db'}")) as engine:
        yield engine


def kinds(places: Any) -> set[str]:
    return {place.what for place in places}


@pytest.mark.parametrize("kind", ["NothingScrubbed", "OnlyCheckpointed"])
def test_a_store_that_does_not_scrub_is_found_out(
    part: Callable[[str], Any], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    part("profilecore_sqlite")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "soak"))
    import broken_stores

    store = broken_stores.broken(getattr(broken_stores, kind))(tmp_path / "broken.db")
    with open_engine(store) as engine:
        made = engine.create(ANA)
        asked = engine.fingerprints(made.id)
        receipt = engine.clear(made.id)
        assert receipt.status.value == "erased"
        assert engine.residue(asked).found


def test_what_a_living_guest_has_as_well_is_shared(sqlite: Engine) -> None:
    ana = sqlite.create(ANA)
    family = {"last_name": "Unheardof", "first_name": "Juana", "phones": ANA["phones"]}
    sqlite.create(family)
    asked = sqlite.fingerprints(ana.id)
    sqlite.clear(ana.id)
    after = sqlite.residue(asked)
    assert after.found == ()
    # Of "juana unheardof" the line of "ana unheardof" is a part.
    assert kinds(after.shared) == {"phones", "search term"}
    assert len(after.shared) == 4


def test_what_holds_a_shared_value_is_judged_by_itself(
    sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = sqlite.create({"last_name": "X", "notes": ["+34699887766 is her sister's, call late"]})
    sqlite.update(ana.id, {"phones": ["+34699887766"]})
    sqlite.create({"last_name": "Y", "phones": ["+34699887766"]})
    asked = sqlite.fingerprints(ana.id)
    sqlite.clear(ana.id)
    forgotten = tmp_path / "forgotten"
    forgotten.write_bytes(b"a backup: +34699887766 is her sister's, call late")
    files = (*sqlite.store.files(), forgotten)
    monkeypatch.setattr(sqlite.store, "files", lambda: files)
    after = sqlite.residue(asked)
    assert [(place.what, place.file) for place in after.found] == [("notes", str(forgotten))]
    assert kinds(after.shared) == {"phones", "search term"}


def test_a_file_of_another_guest_explains_the_same_content(sqlite: Engine) -> None:
    ana, eva = (sqlite.create({"last_name": name}).id for name in ("Unheardof", "Notheardof"))
    for id in (ana, eva):
        sqlite.attach(id, "house-rules.pdf", b"%PDF-1.4\n" + SCAN)
    own = sqlite.attach(ana, "passport-of-ana.png", PNG + SCAN[::-1])
    asked = sqlite.fingerprints(ana)
    assert asked.counts["file content"] > 16
    before = sqlite.residue(asked)
    assert {"file content", "file.name"} <= kinds(before.found) & kinds(before.shared)
    sqlite.detach(own.id)
    sqlite.clear(ana)
    after = sqlite.residue(asked)
    assert after.found == ()
    assert kinds(after.shared) == {"file content", "file.name"}


def test_a_value_in_the_log_is_found(sqlite: Engine) -> None:
    ana = sqlite.create(ANA)
    found = sqlite.residue(sqlite.fingerprints(ana.id)).found
    assert {Path(place.file).name for place in found} == {"a.db-wal"}
    for place in found:
        if place.what == "emails":
            with open(place.file, "rb") as log:
                log.seek(place.offset)
                assert log.read(25) == b"ana.unheardof@example.org"


def test_several_persons_are_searched_at_once(sqlite: Engine) -> None:
    ana, eva = (sqlite.create(ANA | {"first_name": name}).id for name in ("Ana", "Eva"))
    one, two = sqlite.fingerprints(ana), sqlite.fingerprints(eva)
    both = one | two
    assert both.profile_ids == {ana, eva}
    assert len(both) < len(one) + len(two)
    assert both.left_out == one.left_out + two.left_out > 0
    # Neither of two who are both cleared explains what is left of the other.
    assert sqlite.residue(one).shared
    assert sqlite.residue(both).shared == ()


def test_what_a_clear_keeps_and_short_words_prove_nothing(sqlite: Engine) -> None:
    made = sqlite.create(
        {"last_name": "Unheardof", "occupation": "cook", "tags": ["frequent-traveller-2026"]}
    )
    stay = {"property_id": "P1", "channel": "booking.com/2026", "unit": "booking.com/2026"}
    sqlite.record_stay(made.id, stay)
    asked = sqlite.fingerprints(made.id)
    assert asked.counts == {"search term": 1}
    assert asked.left_out == 2
    sqlite.clear(made.id)
    assert sqlite.fingerprints(made.id).counts == {}
    assert sqlite.residue(asked).found == ()


def test_no_value_is_shown_encoded_or_copied(sqlite: Engine, tmp_path: Path) -> None:
    asked = sqlite.fingerprints(sqlite.create(ANA).id)
    report = sqlite.residue(asked)
    assert report.found
    said = repr([asked, list(asked), report]) + msgspec.json.encode(report).decode()
    assert "unheardof" not in said.casefold()
    assert "hurdy" not in said
    assert "699887766" not in said
    with pytest.raises(TypeError):
        msgspec.json.encode(asked)
    with pytest.raises(TypeError, match="stay in the process"):
        copy.copy(asked)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProfilecoreError) as failure:
        scan([tmp_path / "folder"], [trace.value for trace in asked])
    assert "unheardof" not in str(failure.value).casefold()


def test_only_the_chain_may_search(each_engine: Engine) -> None:
    made = each_engine.create({"last_name": "x"})
    with each_engine.acting(P1), pytest.raises(ScopeDenied):
        each_engine.fingerprints(made.id)


def test_a_store_without_files_is_refused(engine: Engine) -> None:
    made = engine.create(ANA)
    with pytest.raises(StoreError, match="keeps no files"):
        engine.fingerprints(made.id)
    with pytest.raises(StoreError, match="keeps no files"):
        engine.residue(Fingerprints((), ()))


def test_progress_is_told_and_an_interrupt_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(96 << 20)
    told: list[tuple[int, int]] = []
    size, found = scan([path], [b"nothing like it"], lambda done, total: told.append((done, total)))
    assert (size, found) == (96 << 20, {})
    assert told[-1] == (96 << 20, 96 << 20)
    assert len(told) > 3
    started: list[Any] = []
    start = residue._start
    monkeypatch.setattr(
        residue, "_start", lambda *a: started.append(process := start(*a)) or process
    )

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan([path], [b"nothing like it"], stop)
    assert started
    assert all(process.returncode is not None for process in started)


def test_an_application_that_is_no_interpreter_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"needle")
    monkeypatch.setattr("sys.executable", "/usr/bin/true")
    with pytest.raises(ProfilecoreError, match="needs a Python interpreter"):
        scan([tmp_path / "a"], [b"needle"])


def test_custom_values_count_under_whatever_key(sqlite: Engine) -> None:
    with open_engine(sqlite.store, config={"profilecore": {"custom_fields": {"pet": "none"}}}) as e:
        made = e.create({"last_name": "X", "custom": {"pet": {"code": "kennel 4711", "id": 81549}}})
        asked = e.fingerprints(made.id)
        assert asked.counts == {"custom": 2}
        assert len(e.residue(asked).found) == 2


# ---- the program that searches

CHUNK = scanner.CHUNK


@pytest.mark.parametrize("number", [3, scanner.FEW + 40])
@pytest.mark.parametrize("offset", [0, 1, CHUNK - 5, CHUNK - 1, CHUNK, 2 * CHUNK + 17])
def test_a_value_is_found_wherever_it_lies(tmp_path: Path, number: int, offset: int) -> None:
    random = Random(number)
    values = [random.randbytes(random.randrange(5, 70)) for _ in range(number)]
    content = bytearray(b"%\0ab\n" * (3 * CHUNK // 5))
    content[offset : offset + len(values[1])] = values[1]
    path = tmp_path / "a"
    path.write_bytes(content)
    assert scan([tmp_path / "gone", path], values) == (len(content), {values[1]: (1, offset)})


@pytest.mark.parametrize("number", [scanner.FEW, scanner.FEW + 40])
def test_values_that_overlap_are_all_found_in_their_first_place(number: int) -> None:
    random = Random(1)
    text = b"abcdefghijklmnopqrstuvwxyz0123456789" * 3
    values = [text[n : n + random.randrange(5, 40)] for n in range(number)]
    values = list(dict.fromkeys(values))
    find = scanner.finder(values, text)
    found: dict[int, int] = {}
    for place, which in find(b"--" + text + b"--" + text, set(range(len(values)))):
        found[which] = min(found.get(which, place), place)
    whole = b"--" + text + b"--" + text
    assert found == {n: whole.find(value) for n, value in enumerate(values)}


def test_parts_of_a_file_are_searched_each_with_its_own_places(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"." * 100 + b"needle" + b"." * 100)
    find = scanner.finder([b"needle"], b"")

    def places(start: int, end: int) -> tuple[list[tuple[int, int]], int]:
        read: list[int] = []
        found = list(scanner.places_in(str(path), start, end, find, [6], read.append))
        return found, sum(read)

    assert places(0, 100) == ([], 100)
    assert places(0, 101) == ([(100, 0)], 101)
    assert places(100, -1) == ([(100, 0)], 106)
    assert places(101, -1) == ([], 105)
    assert places(0, -1) == ([(100, 0)], 206)


def test_what_holds_another_is_left_out_of_the_first_search() -> None:
    assert leading([b"abc", b"xabcx", b"xyz", b"abc"]) == [b"abc", b"xyz"]


def test_the_public_names_are_those_of_the_verbs(sqlite: Engine) -> None:
    asked = sqlite.fingerprints(sqlite.create(ANA).id)
    assert isinstance(asked, Fingerprints)
    assert isinstance(sqlite.residue(asked), Residue)
