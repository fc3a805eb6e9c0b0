"""Reads JSON strictly: no duplicate keys, no half characters, no numbers beyond JSON, and a limited depth."""

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
    """Return the value of a JSON text.

    `halves`: let half characters pass. `constant`: what NaN and Infinity become; None: they are refused.

    Errors: JsonIsBroken, KeyStandsTwice, JsonIsTooDeep, JsonHoldsHalfCharacter.
    """
    text = raw if isinstance(raw, str) else decoded(raw, halves=halves)
    value = parsed(text, constant or no_number)
    if is_deeper(text, value):
        raise JsonIsTooDeep
    if not halves and has_half(text, value):
        raise JsonHoldsHalfCharacter
    return value


def decoded(raw: bytes, *, halves: bool) -> str:
    """Return the text of the bytes, which are in UTF-8 or begin with the mark of another encoding. Errors:
    JsonIsBroken."""
    encoding = json.detect_encoding(raw)
    try:
        return raw.decode(encoding, "surrogatepass" if halves else "strict")
    except UnicodeDecodeError:
        raise JsonIsBroken(f"it is not {encoding.upper()}") from None


def parsed(text: str, constant: Callable[[str], Any]) -> Any:
    """Return the value of a JSON text. Errors: JsonIsBroken, KeyStandsTwice, JsonIsTooDeep."""
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
    """Return the object of these pairs. Errors: KeyStandsTwice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise KeyStandsTwice(first_repeated(key for key, _ in pairs))
    return members


def first_repeated(keys: Iterable[str]) -> str:
    """Return the first key that is repeated."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return ""


def no_number(name: str) -> Any:
    """Refuse NaN and Infinity. Errors: JsonIsBroken."""
    raise JsonIsBroken(f"{name} is no number of JSON")


def number(constant: Callable[[str], Any], text: str) -> Any:
    """Return the number; one that is too large for any reader becomes what Infinity becomes."""
    value = float(text)
    return value if isfinite(value) else constant("Infinity")


def is_deeper(text: str, value: Any) -> bool:
    """Return whether the value has more levels than are read; a text with few brackets is not searched."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for container in level for inner in inside(container) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def has_half(text: str, value: Any) -> bool:
    """Return whether a text in the value has half a character; strictly decoded, only an escape can write one."""
    if MAY_BE_HALF.search(text) is None:
        return False
    return UNSTORABLE.search(json.dumps(value, ensure_ascii=False)) is not None
