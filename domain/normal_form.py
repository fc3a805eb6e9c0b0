"""How names and words are compared when people are looked for: in every script, without capitals, accents and signs.

What its bearer would take for the same spelling has one form; what makes it another name keeps two. An accent goes; the
voicing of kana, the vowel signs of India and the tones of Thai stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

FORM = 1
"""Its version. A change in what any text's form is raises it: what was made by another form has to be made anew."""
SOFT, HARD = "-", " "
"""A soft sign stands within what is also written as one word (Anne-Marie, O'Connor); a hard one between two words."""
RUN = 4
"""The most parts that are also written as one word: de la Cruz, van der Berg, names of four syllables."""


def ranges(*codes: str) -> str:
    """Ranges such as '0300-036F' and single code points, as a set of a regular expression writes them."""
    return "".join("-".join(f"\\U{int(code, 16):08x}" for code in sequence.split("-")) for sequence in codes)


LEFT_OUT = ranges(
    *("0300-036F", "0483-0489", "1AB0-1ACE", "1DC0-1DFF", "20D0-20F0", "FE20-FE2F"),  # Latin, Greek, Cyrillic accents
    *("0591-05BD", "05BF", "05C1-05C2", "05C4-05C5", "05C7"),  # Hebrew points
    *("0610-061A", "064B-065F", "0670", "06D6-06DC", "06DF-06E4", "06E7-06E8", "06EA-06ED", "08CA-08E1", "08E3-08FF"),
    *("0711", "0730-074A", "07EB-07F1", "135D-135F", "093C"),  # Syriac, N'Ko tones, Ethiopic, the nukta of Hindi
    *("17B4-17B5", "180B-180D", "180F", "FE00-FE0F", "E0100-E01EF"),  # they change the shape of a letter alone
    *("0640", "07FA", "055B-055C", "055E"),  # what draws a word out, and Armenian stress
)
"""Marks without which people write the same name."""
APOSTROPHES = ranges(
    *("0027", "0060", "00B4", "02B9-02C1", "02C8", "02CA-02CB", "02EE", "0384", "055A", "05F3-05F4", "07F4-07F5"),
    *("1FBD", "1FBF", "1FEF", "1FFD-1FFE", "2018-201B", "2032", "2035", "275B-275C", "A78B-A78C", "FF07"),
)
DOTS = ranges("002E", "00B7", "0F0B", "2022", "2027", "200B", "2212", "30FB")
"""More soft signs, beside apostrophes and what Unicode counts among the dashes."""
LETTERS_BY_USE = "+#"
"""C, C++ and C# differ."""
UNPARTED = ranges(
    *("1100-11FF", "2E80-2FD5", "3005-3007", "3021-3029", "3041-3096", "3099-309A", "309D-309F", "30A1-30FA"),
    *("30FC-30FF", "3105-312F", "3131-318E", "31A0-31BF", "31F0-31FF", "3400-4DBF", "4E00-9FFF", "A000-A48C"),
    *("A960-A97C", "AC00-D7FB", "F900-FAFF", "16FE0-1B2FF", "20000-3FFFD"),
)
"""Han, kana, Hangul and similar scripts: written without blanks, and searched by single signs."""

SAME = {
    "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŋ": "n", "ə": "e", "ĸ": "k",
    "ى": "ي", "ی": "ي", "ک": "ك", "ٱ": "ا", "ں": "ن", **dict.fromkeys("ةہھەۃ", "ه"),
    "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ", "װ": "וו", "ױ": "וי", "ײ": "יי",
    "ँ": "ं", "ൺ": "ണ്", "ൻ": "ന്", "ർ": "ര്", "ൽ": "ല്", "ൾ": "ള്", "ൿ": "ക്",
    **{chr(code): chr(code - 0x60) for code in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)},
}  # fmt: skip
"""Letters, and what people type for them as well; katakana is typed as hiragana."""
ARMENIAN_EV = "եւ", "եվ"
"""The capitals of the ligature և, in the older and in the newer spelling."""

_MARKS = re.compile(f"[{LEFT_OUT}]+")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_SOFT = re.compile(f"[{APOSTROPHES}{DOTS}]")
_NO_JOINER = re.compile("(?<=[\u0600-\u08ff])\u200c")
"""The sign that parts two Arabic letters of one word; elsewhere it only chooses a shape."""
_VARIANT = re.compile(r"(LATIN|CYRILLIC) SMALL LETTER (.+?) WITH .+")
_PARTS = re.compile(f"[{UNPARTED}]+|[^{UNPARTED}{SOFT}]+")
_PARTS_OF_ASCII = re.compile(f"[^{SOFT}]+")
_IS_UNPARTED = re.compile(f"[{UNPARTED}]")


class _Letters(dict[int, str]):
    """What stands for each character; worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = mapped = letter(chr(code))
        return mapped


def letter(sign: str) -> str:
    """Return what stands for a character without capitals and accents: a letter, SOFT, HARD, or '' if invisible."""
    kind = unicodedata.category(sign)
    if sign in SAME or sign in LETTERS_BY_USE:
        return SAME.get(sign, sign)
    if kind == "Pd" or _SOFT.fullmatch(sign):
        return SOFT
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    # What this Python's Unicode does not know is taken for a letter: new scripts come more often than new signs.
    if kind[0] in "LMN" or kind in ("Cn", "Co"):
        return plain(sign)
    return "" if kind == "Cf" else HARD


def plain(sign: str) -> str:
    """Return the letter without its stroke, hook or descender: l for ł, к for қ."""
    variant = _VARIANT.fullmatch(unicodedata.name(sign, ""))
    name = f"{variant[1]} SMALL LETTER {variant[2]}" if variant else ""
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return sign


_LETTERS = _Letters()


def normal(text: str) -> str:
    """Return the text's letters and digits in one form, with SOFT and HARD for everything between them."""
    if text.isascii():
        return text.lower().translate(_LETTERS)
    unmarked = _NO_JOINER.sub(SOFT, without_marks(_APOSTROPHE.sub("'", text)))
    formed = without_marks(unmarked.casefold()).translate(_LETTERS)
    return unicodedata.normalize("NFC", formed).replace(*ARMENIAN_EV)


def without_marks(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKD", text))


def words_of(text: str, longest: int) -> list[list[str]]:
    """Return the words of the text, each as a list of its parts.

    A word is cut at soft signs, and where a script that needs no blanks begins or ends. At most `longest` characters of
    the text's normal form count.
    """
    formed = normal(text)[:longest]
    cut = _PARTS_OF_ASCII if formed.isascii() else _PARTS
    return [parts for word in formed.split(HARD) if (parts := cut.findall(word))]


def parts_of(words: Sequence[Sequence[str]]) -> list[str]:
    return [part for word in words for part in word]


def key_of(text: str, longest: int) -> str:
    """Return the text's parts with one blank between them: the key by which values are sorted, and shown in counts."""
    return HARD.join(parts_of(words_of(text, longest)))


def joined(key: str) -> str:
    """Return the key without blanks: the same for every way to part the value."""
    return key.replace(HARD, "")


def runs(parts: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """(begin, end, the parts between as one word), of two to RUN parts."""
    for begin in range(len(parts)):
        for end in range(begin + 2, min(begin + RUN, len(parts)) + 1):
            yield begin, end, "".join(parts[begin:end])


def is_unparted(part: str) -> bool:
    """Return whether the part is of a script that needs no blanks; a part is so as a whole or not at all."""
    return _IS_UNPARTED.match(part) is not None


def grams(part: str) -> list[str]:
    """Its signs, and each two that stand side by side."""
    return [*part, *(part[at : at + 2] for at in range(len(part) - 1))]
