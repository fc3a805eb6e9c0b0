"""Reads an outside system's JSON without trusting its form: what is absent or of another type is not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.storable import is_storable_moment

MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Outside:
    """A JSON object of the outside system; empty where there was none."""

    json: dict[str, Any]

    def part(self, *names: str) -> Outside:
        """Return the object at the end of the path of names."""
        value: Any = self.json
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return Outside(value if isinstance(value, dict) else {})

    def parts(self, name: str) -> list[Outside]:
        """Return the objects in a list."""
        items = self.json.get(name)
        return [Outside(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    def text(self, name: str) -> str | None:
        """Return a text or a whole number as text; None where it is empty or something else."""
        value = self.json.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return writable(str(value)).strip() or None

    def is_true(self, name: str) -> bool:
        return self.json.get(name) is True

    def seconds(self, name: str) -> datetime | None:
        """Return a time that is written as seconds since 1970; None where it is none."""
        return self._since_1970(name, 1)

    def milliseconds(self, name: str) -> datetime | None:
        """Return a time that is written as milliseconds since 1970; None where it is none."""
        return self._since_1970(name, 1000)

    def _since_1970(self, name: str, parts_of_second: int) -> datetime | None:
        text = self.text(name) or ""
        if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
            return None
        try:
            moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(text) * 1_000_000 // parts_of_second)
        except OverflowError:
            return None
        return moment if is_storable_moment(moment) else None

    def moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        """Return a time, or noon (in the zone) of a date; None where it is neither."""
        try:
            moment = datetime.fromisoformat(self.text(name) or "")
        except ValueError:
            return None
        at_noon = len(self.text(name) or "") <= len("2026-05-04")
        moment = datetime.combine(moment.date(), time(12)) if at_noon else moment
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return moment if is_storable_moment(moment) else None


def writable(text: str) -> str:
    """Return the text with half characters (lone surrogates), which no encoding can write, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
