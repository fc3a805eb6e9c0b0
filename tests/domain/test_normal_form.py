"""Two spellings of a name have one form in any case, composition and blanks; what makes it another name keeps two."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.normal_form import FORM, grams, is_unparted, joined, key_of, normal, parts_of, runs, words_of

LONGEST = 100
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
BLANKS = [chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs"]


def key(text: str) -> str:
    return key_of(text, LONGEST)


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: f"U+{ord(blank):04X}")
def test_every_blank_of_unicode_parts_words(blank: str) -> None:
    assert words_of(f"{blank}Zoë{blank}{blank}Çelik{blank}", LONGEST) == [["zoe"], ["celik"]]


@pytest.mark.parametrize("sign", "'’‘ʼʻʹʾʿ`´′‛՚׳ߴꞌ＇❜", ids=lambda sign: f"U+{ord(sign):04X}")
def test_every_apostrophe_stands_within_a_word(sign: str) -> None:
    assert words_of(f"O{sign}Connor", LONGEST) == [["o", "connor"]]


@pytest.mark.parametrize(
    "sign",
    [chr(code) for code in range(0x11000) if unicodedata.category(chr(code)) == "Pd"] + list("·・･་.\u2212\u200b"),
    ids=lambda sign: f"U+{ord(sign):04X}",
)
def test_every_dash_and_middle_dot_stands_within_a_word(sign: str) -> None:
    assert words_of(f"Anne{sign}Marie", LONGEST) == [["anne", "marie"]]


@pytest.mark.parametrize("sign", "\u00ad\u200d\u200c\u200e\u200f\u202e\u2060\ufeff\ufe0f\u034f\U000e0100")
def test_what_is_not_seen_does_not_count(sign: str) -> None:
    assert key(f"Zo{sign}e") == "zoe"


def test_the_sign_between_two_arabic_letters_parts_a_word() -> None:
    assert words_of("علی\u200cرضا", LONGEST) == [["علي", "رضا"]]


@pytest.mark.parametrize(("text", "parts"), [("C++", ["c++"]), ("C#", ["c#"]), ("C", ["c"]), ("C/C++", ["c", "c++"])])
def test_signs_of_languages_are_letters(text: str, parts: list[str]) -> None:
    assert parts_of(words_of(text, LONGEST)) == parts


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("がとう", "かとう"), ("パン", "ハン"), ("ヴァン", "ウァン"), ("きや", "きゃ"), ("東", "东"), ("김", "긴"),
        ("किरण", "करण"), ("কাজি", "কাজী"), ("রায়", "রায"), ("ਸ਼ਾਮ", "ਸਾਮ"), ("สา", "ส่า"), ("ກາ", "ກ່າ"), ("မာ", "မား"),
        ("އަލީ", "އިލީ"), ("پری", "بری"), ("گل", "كل"), ("شام", "سام"), ("שרה", "שרי"), ("Ђорђе", "Ћорђе"),
        ("ሀብቱ", "ሁብቱ"), ("ߊ", "ߋ"), ("C", "C#"), ("Lee", "Le"),
    ],
)  # fmt: skip
def test_what_makes_another_name_stays(text: str, other: str) -> None:
    assert joined(key(text)) != joined(key(other))


@given(TEXTS)
@settings(max_examples=300)
def test_the_form_of_unicode_does_not_matter(text: str) -> None:
    forms = {joined(key(unicodedata.normalize(form, text))) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert {each_form[: LONGEST // 2] for each_form in forms} == {joined(key(text))[: LONGEST // 2]}


@given(TEXTS)
@settings(max_examples=300)
def test_a_case_that_can_be_taken_back_does_not_matter(text: str) -> None:
    for changed in (text.upper(), text.title(), text.swapcase()):
        if changed.lower() == text.lower():
            assert key(changed) == key(text)


@given(TEXTS)
@settings(max_examples=300)
def test_a_form_has_itself_as_its_form(text: str) -> None:
    assert key(key(text)) == key(text)
    assert normal(text) == normal(normal(text))


@given(st.text(st.sampled_from("ab-' .王ア\u3000"), max_size=12))
def test_words_are_cut_where_they_are_parted(text: str) -> None:
    parts = parts_of(words_of(text, LONGEST))
    assert "".join(parts) == joined(key(text))
    assert all(len({is_unparted(sign) for sign in part}) == 1 for part in parts)


def test_runs_and_grams() -> None:
    assert list(runs(["de", "la", "cruz"])) == [(0, 2, "dela"), (0, 3, "delacruz"), (1, 3, "lacruz")]
    assert max(end - begin for begin, end, _ in runs(list("abcdefgh"))) == 4
    assert grams("王小明") == ["王", "小", "明", "王小", "小明"]
    assert grams("王") == ["王"]


def test_no_more_than_so_many_characters_count() -> None:
    assert words_of("ab cd ef", 4) == [["ab"], ["c"]]


def test_the_form_of_no_text_changes_without_a_new_version() -> None:
    """Of all characters that Unicode had in 2002, so that it is the same under every Python."""
    chrs = [chr(code) for code in range(0x110000) if unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Cs")]
    digest = hashlib.sha256("\n".join(f"{sign}{normal(f'a{sign}b')}" for sign in chrs).encode()).hexdigest()
    assert (FORM, digest) == (1, "4afc4afd8ecb4a33901f8a3adbc5c445f71ab1a8fb91d53a428f37bd53370aad")
