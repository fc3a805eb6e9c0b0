"""Canaries: unique strings that are put wherever something personal may stand, and found again byte by byte."""

from __future__ import annotations

import base64
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from domain.codec import SealedGroup, codec_of
from domain.event import Event

BYTES_BEFORE = range(3)
"""Base64 writes a text in three ways, by how many bytes stand before it."""


@dataclass(slots=True)
class Canaries:
    """All that one test lets out. They have one beginning in common, so that one pass finds every one of them."""

    beginning: str = field(default_factory=lambda: f"Cnry{os.urandom(5).hex()}q")
    digits: str = field(default_factory=lambda: f"4917{int.from_bytes(os.urandom(4), 'big') % 10**8:08d}")
    places: dict[str, str] = field(default_factory=dict)
    """What each canary was put into."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(100))

    def bird(self, where: str) -> str:
        """A new one for this place. It stands as one word, also when it is folded for a search."""
        made = f"{self.beginning}{next(self._numbers)}"
        self.places[made.lower()] = where
        return made

    def address(self, where: str) -> str:
        return f"{self.bird(where)}@example.org"

    def phone(self, where: str) -> str:
        made = f"{self.digits}{next(self._numbers)}"
        self.places[made] = where
        return f"+{made}"

    def in_group(self, event: Event, group: SealedGroup, **clear: Any) -> Event:
        """The event with a canary in each field of this group, and in no other field that is personal."""
        name = type(event).__name__
        fields: dict[str, Any] = {
            field: (self.bird(f"{name}.{field}"),) if decode is tuple else self.bird(f"{name}.{field}")
            for field, decode in group.fields
        }
        others = {
            field: () if decode is tuple else None
            for other in codec_of(type(event)).sealed
            if other is not group
            for field, decode in other.fields
        }
        return replace(event, **{**others, **fields, **clear})

    def leaks_in(self, *folders: Path) -> dict[str, set[str]]:
        """What stands somewhere in the folders' files, and in which: plain, folded, UTF-16, base64 or hex."""
        files: dict[str, set[str]] = {}
        sought = re.compile(b"|".join(re.escape(text) for text in self.written()), re.IGNORECASE)
        for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
            content = path.read_bytes()
            for match in sought.finditer(content):
                files.setdefault(self.name(content, match), set()).add(path.name)
        return files

    def name(self, content: bytes, match: re.Match[bytes]) -> str:
        """Which canary it is, as far as it is written plainly."""
        plain = content[match.start() : match.end() + 3].decode("ascii", "replace").lower()
        return self.places.get(plain, f"something with {match.group()!r}")

    def written(self) -> set[bytes]:
        """The common beginnings in every way in which they might be written. Case makes no difference."""
        ways = set()
        for text in (self.beginning, self.digits):
            for cased in {text, text.lower(), text.upper()}:
                plain = cased.encode()
                ways |= {plain, cased.encode("utf-16-le"), cased.encode("utf-16-be"), plain.hex().encode()}
                ways |= {inner_base64(plain, before) for before in BYTES_BEFORE}
        return ways


def inner_base64(text: bytes, before: int) -> bytes:
    """The characters that do not depend on what stands around the text."""
    written = base64.b64encode(b"\0" * before + text + b"\0" * 3)
    return written[-(-before * 8 // 6) : (before + len(text)) * 8 // 6]
