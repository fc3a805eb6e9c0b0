"""What people tell apart has codes of its own, and what they do not is one code, whatever came first."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.intake.code_spelling import code_of, earlier_code_of, spellings_of
from domain.codes import CODE, UNKNOWN

ANY_TEXT = st.text(st.characters(codec=None), max_size=80)
SCRIPTS = st.sampled_from(["разработчик", "συγγραφέας", "北京", "東京", "서울", "مهندس", "हिन्दी", "กรุงเทพ", "בנקאי"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Word of Mouth (Staff)", "word-of-mouth-staff"),
        ("C++ Developer", "c-plus-plus-developer"),
        ("C# Developer", "c-sharp-developer"),
        ("C♯ Developer", "c-sharp-developer"),
        ("C Developer", "c-developer"),
        ("F# / OCaml", "f-sharp-ocaml"),
        ("A+", "a-plus"),
        ("R&D", "r-and-d"),
        ("Café & Straße", "cafe-and-strasse"),
        ("STRASSE", "strasse"),
        ("Łódź", "lodz"),
        ("København", "kobenhavn"),
        ("Đà Nẵng", "da-nang"),
        ("İstanbul", "istanbul"),
        ("Þórshöfn", "thorshofn"),
        ("Node.js", "node-js"),
        (".NET Developer", "dot-net-developer"),
        ("C#/.NET", "c-sharp-dot-net"),
        ("ASP.NET", "asp-net"),
        ("Level ٣", "level-3"),
        ("Ｓａｌｅｓ", "sales"),
        ("100%", "100-percent"),
        ("Rust 🦀", "rust-crab"),
        ("a\u200bb", "ab"),
        ("a\u00a0b\u3000c\u202fd", "a-b-c-d"),
        ("  ", UNKNOWN),
        ("---", UNKNOWN),
        ("\ud800", UNKNOWN),
        ("", UNKNOWN),
        (None, UNKNOWN),
        ("x" * 64, "x" * 64),
        ("разработчик", "razrabotchik-bfb3a394"),
        ("北京", "beijing-68c77e15"),
    ],
)
def test_a_text_has_the_code_by_which_people_know_it(text: str | None, code: str) -> None:
    assert code_of(text) == code


def test_only_a_text_without_a_word_has_the_other_code() -> None:
    assert code_of("???", "office-9") == "office-9"
    assert code_of("東京", "office-9").startswith("dongjing-")


@given(ANY_TEXT)
@example("\ud83e\udd80")
@example("ǅ" * 40)
@example("\u0301a")
def test_any_text_becomes_a_code_that_stays_itself(text: str) -> None:
    code = code_of(text)
    assert re.fullmatch(CODE.pattern, code)
    assert code_of(code) == code


@given(ANY_TEXT, st.sampled_from([" ", "-", "_", "/", "\u00a0", " - ", "\t"]))
def test_case_blanks_separators_and_forms_of_a_letter_are_one(text: str, separator: str) -> None:
    words = text.split()
    apart = [word for word in words if not word.startswith(".")]
    assert code_of(separator.join(apart)) == code_of(" ".join(apart)) == code_of(f"  {' '.join(apart)} ")
    assert code_of(unicodedata.normalize("NFD", text)) == code_of(text) == code_of(unicodedata.normalize("NFC", text))
    assert code_of(text.casefold()) == code_of(text)


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=60))
def test_what_is_cut_stays_apart_from_what_begins_alike(words: list[str]) -> None:
    text = " ".join(words)
    longer = f"{text} d"
    assert code_of(longer) != code_of(text)
    assert len(code_of(text)) <= 64


@given(st.lists(SCRIPTS, min_size=1, max_size=4), st.lists(SCRIPTS, min_size=1, max_size=4))
def test_words_of_other_scripts_that_are_written_alike_in_latin_stay_apart(
    words: list[str], other_words: list[str]
) -> None:
    assert (code_of(" ".join(words)) == code_of(" ".join(other_words))) == (words == other_words)


@pytest.mark.parametrize(
    ("text", "other_text"),
    [("ё", "е"), ("й", "и"), ("データ", "テータ"), ("хан", "han"), ("北京", "背景"), ("हिन्दी", "हिनदी"), ("C+", "C++")],
)
def test_what_only_looks_alike_has_two_codes(text: str, other_text: str) -> None:
    assert code_of(text) != code_of(other_text)


@given(ANY_TEXT)
def test_what_the_earlier_rule_gave_is_known_again(text: str) -> None:
    assert spellings_of(text) == {code_of(text), earlier_code_of(text)}


def test_the_earlier_rule_stays_what_it_was() -> None:
    texts = ["C++ Developer", "Łódź", "Straße & Café", "東京", "x" * 80, "a" * 63 + " b"]
    assert [earlier_code_of(text) for text in texts] == [
        "c-developer", "odz", "strasse-cafe", UNKNOWN, "x" * 64, "a" * 63,
    ]  # fmt: skip
