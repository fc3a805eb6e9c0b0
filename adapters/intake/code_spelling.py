"""What a text written by people is called as a code, so that what they tell apart stays apart.

The rule is pure: the code of a text depends on nothing but the text. Case, blanks, separators and the forms of a Latin
letter are deliberately one. Signs are spelled. A text in another script is transliterated, which merges words, and a
long text is cut, which merges texts: both end in a short hash of the whole.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator

from anyascii import anyascii

from commands.verb import LONGEST_TEXT
from domain.codes import UNKNOWN, Spelled
from domain.storable import is_storable_text

LONGEST_CODE = 64
HASH_DIGITS = 8
SIGNS = {
    "+": "plus", "#": "sharp", "♯": "sharp", "&": "and", "@": "at", "%": "percent", "*": "star", "=": "equals",
    "<": "less", ">": "greater", "$": "dollar", "€": "euro", "£": "pound", "¥": "yen",
}  # fmt: skip
"""The signs that people write in names of work and of things; the others are spelled by their names in Unicode."""
SEPARATING_SIGNS = frozenset("|`^~¨´¸¯\N{FRACTION SLASH}")
LEADING_DOT = re.compile(r"(?<![\w.])\.(?=[^\W\d_])")
"""A dot that begins a word is said, as in '.NET'; others separate, as in 'Node.js'."""


def code_of(text: str | None, otherwise: str | None = None) -> str:
    """Return the text as a code that knows the text: 'C++ Developer' as 'c-plus-plus-developer'.

    otherwise: the code of a text in which nothing can be read; omitted: 'unknown'.
    """
    code = spelled_code_of(text or "", otherwise or UNKNOWN)
    if not text or text == code or len(text) > LONGEST_TEXT or not is_storable_text(text):
        return code
    return Spelled(code, text)


def spelled_code_of(text: str, otherwise: str) -> str:
    """Return the code alone."""
    words = words_of(text)
    if not words:
        return otherwise
    code = "-".join(filter(None, map(transliterated, words)))
    if len(code) <= LONGEST_CODE and all(word.isascii() for word in words):
        return code
    whole = hashlib.sha256("-".join(words).encode()).hexdigest()[:HASH_DIGITS]
    return f"{code[: LONGEST_CODE - HASH_DIGITS - 1].rstrip('-')}-{whole}".lstrip("-")


def spellings_of(text: str | None, otherwise: str | None = None) -> frozenset[str]:
    """Return the codes that the text has had: today's, and that of the rule before this one.

    What stands in the log under either is no news.
    """
    return frozenset((code_of(text, otherwise), earlier_code_of(text, otherwise)))


def words_of(text: str) -> list[str]:
    """Return the words of the text in one form: Latin letters and digits in ASCII, other letters as they are."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(parts_of(LEADING_DOT.sub(" dot ", folded))).split()


def parts_of(folded: str) -> Iterator[str]:
    """Yield what becomes of each sign: a letter or digit, a spelled word between blanks, a blank, or nothing."""
    latin = True
    for sign in folded:
        category = unicodedata.category(sign)
        if category[0] in "LN":
            latin = is_latin(sign)
            yield in_ascii(sign) if latin else sign
        elif category[0] == "M":  # an accent that no Latin letter is composed with is a form of it
            yield "" if latin else sign
        elif sign in SIGNS:
            yield f" {SIGNS[sign]} "
        elif category[0] == "S" and sign not in SEPARATING_SIGNS:
            yield f" {spelled(sign)} "
        else:
            yield "" if category == "Cf" else " "


def is_latin(sign: str) -> bool:
    """Return whether it is a Latin letter in any of its forms, or a digit of any script."""
    return sign.isascii() or unicodedata.digit(sign, None) is not None or "LATIN" in unicodedata.name(sign, "")


def in_ascii(sign: str) -> str:
    """Return the Latin letter or the digit in ASCII."""
    digit = unicodedata.digit(sign, None)
    return str(digit) if digit is not None else transliterated(sign)


def transliterated(word: str) -> str:
    """Return the word in the letters and digits that a code may have; empty where it has no such form."""
    return re.sub(r"[^a-z0-9]", "", anyascii(word).lower())


def spelled(sign: str) -> str:
    """Return the sign's name in Unicode, in lower case."""
    return re.sub(r"[^a-z0-9]+", " ", unicodedata.name(sign, f"sign {ord(sign):x}").lower())


def earlier_code_of(text: str | None, otherwise: str | None = None) -> str:
    """Return the code that the rule before this one gave: it dropped whatever has no form in ASCII."""
    folded = unicodedata.normalize("NFKD", (text or "").casefold()).encode("ascii", "ignore").decode()
    code = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:LONGEST_CODE].rstrip("-")
    return code or otherwise or UNKNOWN
