"""JSON that means one thing: no key twice in an object, no half characters, no number that JSON has not, no abyss."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import partial
from math import isfinite
from typing import Any

from domain.storable import UNSTORABLE

DEEPEST = 100
"""Objects and lists inside one another, at most: more than any message has, and far less than a reader's stack."""
LONGEST_KEY_SHOWN = 64
MAY_BE_HALF = re.compile(r"\\ud[89a-f]", re.IGNORECASE)
"""What an escaped surrogate looks like; two that belong together are one whole character."""


class JsonCannotBeRead(ValueError):
    """Base of what is wrong with a JSON text. `where`: the key or the place that is meant, empty for the whole."""

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(why)
        self.why, self.where = why, where


class JsonIsBroken(JsonCannotBeRead):
    """The text is not JSON. `column`: where in its line."""

    def __init__(self, why: str, column: int = 1) -> None:
        super().__init__(why)
        self.column = column


class KeyStandsTwice(JsonCannotBeRead):
    """An object has a key twice, so that readers differ in what it says."""

    def __init__(self, key: str) -> None:
        shown = UNSTORABLE.sub("\ufffd", key)[:LONGEST_KEY_SHOWN]
        super().__init__(f"the key '{shown}' stands twice in one object", shown)


class JsonIsTooDeep(JsonCannotBeRead):
    """The text has more levels than are read."""

    def __init__(self) -> None:
        super().__init__(f"it has more than {DEEPEST} objects or lists inside one another")


class JsonHoldsHalfCharacter(JsonCannotBeRead):
    """A text in it has a lone surrogate, which no encoding can write."""

    def __init__(self) -> None:
        super().__init__("a text has half a character (a lone surrogate) in it")


def read_json(raw: bytes | str, *, halves: bool = False, constant: Callable[[str], Any] | None = None) -> Any:
    """The value that the text says. `halves`: let half characters pass. `constant`: what NaN and Infinity become,
    None: they are refused.

    Errors: JsonIsBroken, KeyStandsTwice, JsonIsTooDeep, JsonHoldsHalfCharacter.
    """
    text = raw if isinstance(raw, str) else decoded(raw, halves=halves)
    found = parsed(text, constant or no_number)
    if is_deeper(text, found):
        raise JsonIsTooDeep
    if not halves and has_half(text, found):
        raise JsonHoldsHalfCharacter
    return found


def decoded(raw: bytes, *, halves: bool) -> str:
    """The text of the bytes, which are in UTF-8 or say themselves what else. Errors: JsonIsBroken."""
    encoding = json.detect_encoding(raw)
    try:
        return raw.decode(encoding, "surrogatepass" if halves else "strict")
    except UnicodeDecodeError:
        raise JsonIsBroken(f"it is not {encoding.upper()}") from None


def parsed(text: str, constant: Callable[[str], Any]) -> Any:
    """Errors: JsonIsBroken, KeyStandsTwice, JsonIsTooDeep."""
    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=constant, parse_float=partial(number, constant))
    except JsonCannotBeRead:
        raise
    except RecursionError:
        raise JsonIsTooDeep from None
    except json.JSONDecodeError as error:
        raise JsonIsBroken(error.msg, error.colno) from None
    except ValueError:
        raise JsonIsBroken("a number has too many digits") from None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Errors: KeyStandsTwice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise KeyStandsTwice(first_repeated(key for key, _ in pairs))
    return found


def first_repeated(keys: Iterable[str]) -> str:
    """The first key that stands there a second time."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return ""


def no_number(name: str) -> Any:
    """Errors: JsonIsBroken."""
    raise JsonIsBroken(f"{name} is no number of JSON")


def number(constant: Callable[[str], Any], text: str) -> Any:
    """The number; one that is too large for any reader is as good as Infinity."""
    found = float(text)
    return found if isfinite(found) else constant("Infinity")


def is_deeper(text: str, found: Any) -> bool:
    """Whether it has more levels than are read; a text with fewer brackets is not looked into."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in inside(one) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def has_half(text: str, found: Any) -> bool:
    """Whether any text in it has half a character; strictly decoded, only an escape can write one."""
    if MAY_BE_HALF.search(text) is None:
        return False
    return UNSTORABLE.search(json.dumps(found, ensure_ascii=False)) is not None
