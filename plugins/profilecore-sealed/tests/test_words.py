"""Marks are found as words are, and show none."""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from profilecore.store import Line, Query, Terms
from profilecore_sealed.words import BESIDE, DEEPEST, Words, fits

KEY = bytes(range(32))
words = st.text(st.sampled_from("aábcdefgñ'@.1я漢\U0001f600"), min_size=1, max_size=20)
steady = settings(deadline=None, derandomize=True, database=None)


@steady
@given(words, words)
def test_words_that_begin_alike_have_marks_that_begin_alike(one: str, other: str) -> None:
    marks = Words(KEY).marks([one, other])
    alike = marks[one].startswith(Words(KEY).prefix(other))
    assert alike == one.startswith(other[:DEEPEST])
    assert (marks[one] == marks[other]) == (one == other)


@steady
@given(st.lists(words, min_size=1, max_size=4), words, words)
def test_a_sealed_query_finds_every_row_that_the_plain_one_finds(
    text: list[str], word: str, other: str
) -> None:
    line = Line(" ".join(text), tuple(text))
    sealed = Words(KEY).sealed(Terms((7,), (line,)))
    query = Query(word, (other,), (7,))
    asked = Words(KEY).query(query)
    assert asked.keys == query.keys == sealed.keys
    for plain, marks in zip(line.words, sealed.lines[0].words, strict=True):
        if fits(line, plain, query):
            assert fits(sealed.lines[0], marks, asked)


def test_texts_are_told_apart_behind_the_letters_that_are_shown() -> None:
    alike = "a" * BESIDE
    one, other = f"{alike}xy", f"{alike}xz"
    first, second = Words(KEY).sealed(Terms((), (Line(one, ()), Line(other, ())))).lines
    assert first.text != second.text
    assert Words(KEY).is_of(first.text, one)
    assert not Words(KEY).is_of(first.text, other)


def test_another_key_gives_other_marks() -> None:
    assert Words(KEY).prefix("garcia") != Words(bytes(32)).prefix("garcia")


def test_a_letter_has_another_mark_behind_other_letters() -> None:
    marks = Words(KEY).marks(["aa", "ba"])
    assert marks["aa"][3:] != marks["ba"][3:] != marks["aa"][:3]


@steady
@given(st.text(st.characters(max_codepoint=0x7F), max_size=DEEPEST))
def test_the_marks_of_a_word_are_those_of_stores_that_exist(word: str) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    cipher = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor()
    expected = ""
    for end in range(1, len(word) + 1):
        block = cipher.update(word[:end].encode().ljust(15, b"\0") + bytes([end]))
        expected += "".join(alphabet[byte % 64] for byte in block[:3])
    assert Words(KEY).marks([word, "beside"])[word] == expected


def test_terms_without_lines_stay_as_they_are() -> None:
    terms = Terms((1, 2))
    assert Words(KEY).sealed(terms) is terms


def test_words_go_to_other_processes() -> None:
    again = ForkingPickler.loads(ForkingPickler.dumps(Words(KEY)))
    assert again.prefix("anna") == Words(KEY).prefix("anna")


@pytest.mark.parametrize("word", ["", "a" * (DEEPEST + 1), "я" * 40])
def test_a_word_of_any_length_has_marks(word: str) -> None:
    marks = Words(KEY).marks([word])[word]
    assert marks.isascii()
    assert word[:3] not in marks or not word
