"""An outside system's JSON, read without trusting its form: what is absent or of another type is simply not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.storable import is_storable_moment

MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Outside:
    """A JSON object of the outside system, or of nothing where there was none."""

    found: dict[str, Any]

    def part(self, *names: str) -> Outside:
        """The object at the end of the path of names."""
        found: Any = self.found
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return Outside(found if isinstance(found, dict) else {})

    def parts(self, name: str) -> list[Outside]:
        """The objects in a list."""
        found = self.found.get(name)
        return [Outside(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def text(self, name: str) -> str | None:
        """A text or a whole number as text; None where it is empty or something else."""
        found = self.found.get(name)
        if isinstance(found, bool) or not isinstance(found, str | int):
            return None
        return writable(str(found)).strip() or None

    def is_true(self, name: str) -> bool:
        return self.found.get(name) is True

    def seconds(self, name: str) -> datetime | None:
        """A time that is written as seconds since 1970; None where it is none."""
        return self._since_1970(name, 1)

    def milliseconds(self, name: str) -> datetime | None:
        """A time that is written as milliseconds since 1970; None where it is none."""
        return self._since_1970(name, 1000)

    def _since_1970(self, name: str, parts_of_second: int) -> datetime | None:
        text = self.text(name) or ""
        if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
            return None
        try:
            found = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(text) * 1_000_000 // parts_of_second)
        except OverflowError:
            return None
        return found if is_storable_moment(found) else None

    def moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        """A time, or noon (in the zone) of a date; None where it is neither."""
        try:
            found = datetime.fromisoformat(self.text(name) or "")
        except ValueError:
            return None
        at_noon = len(self.text(name) or "") <= len("2026-05-04")
        found = datetime.combine(found.date(), time(12)) if at_noon else found
        found = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        return found if is_storable_moment(found) else None


def writable(text: str) -> str:
    """The text with half characters (lone surrogates), which no encoding can write, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
