"""One line in our words: each value read as what its column holds, or the reason why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from adapters.intake.code_spelling import code_of
from adapters.intake.imports.columns import columns_of
from adapters.intake.imports.refusals import (
    CellCannotBeStored,
    CellIsTooLong,
    NameGivesNoCode,
    TimeIsNumber,
    ValueCannotBeRead,
    ValueIsMissing,
)
from commands.verb import LONGEST_LIST, LONGEST_TEXT, MOST_FACTS, require_past, require_short
from domain.codes import UNKNOWN
from domain.storable import is_storable_moment, is_storable_text

FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
DAY_LENGTH = len("2026-05-04")
A_TIME = "2026-05-04T09:30:00+02:00, or 2026-05-04 09:30 in the import's zone, or 2026-05-04"
NOON = time(12)
ADDRESSES = ("emails", "phones")
"""The lists that stand in one event, and are bounded as a command's are."""


EXCEL = re.compile(r"(\d{2,6})(?:[.,](\d{1,15}))?")
EXCEL_BEGINS: Mapping[str, datetime] = {"excel": datetime(1899, 12, 30), "excel-1904": datetime(1904, 1, 1)}
"""The day 0 of a spreadsheet's numbers, such that those from 61 on (March 1900) are right."""
GAP, FOLD = "gap", "fold"
"""What a local time without an offset may be: one that the clocks skipped, or one that they showed twice."""


class When(NamedTuple):
    """A time and how we know it, as commands take them."""

    at: datetime
    how: str

    def fields(self) -> dict[str, Any]:
        return {"occurred_at": self.at, "occurred_how": self.how}


@dataclass(frozen=True, slots=True)
class Manner:
    """How the file writes times and lists. `now`: no event is later; None: nobody looks at that."""

    zone: ZoneInfo
    times: tuple[str, ...] = ()
    list_separator: str = ";"
    now: datetime | None = None

    def moment(self, text: str) -> tuple[datetime, bool] | None:
        """The time, and whether it was told whole (with its zone); noon of a date. None: it cannot be read."""
        found = written_time(text, self.times)
        if found is None:
            return None
        whole = found.tzinfo is not None
        found = found if whole else found.replace(tzinfo=self.zone)
        return (found, whole) if is_storable_moment(found) else None


def kind_of_local(moment: datetime) -> str | None:
    """Whether the clocks of its zone skipped a local time (GAP) or showed it twice (FOLD); None: neither.

    One that was skipped is read with the offset before the change, which is as long after it as was skipped; of one
    that was shown twice, the first is meant.
    """
    first, second = moment.replace(fold=0).utcoffset(), moment.replace(fold=1).utcoffset()
    if first is None or second is None or first == second:
        return None
    return FOLD if first > second else GAP


@lru_cache(maxsize=4096)
def written_time(text: str, forms: tuple[str, ...]) -> datetime | None:
    """A time as ISO 8601 or one of the forms writes it; a date is its noon."""
    try:
        found = datetime.fromisoformat(text)
        return datetime.combine(found, NOON) if len(text) <= DAY_LENGTH else found
    except ValueError:
        pass
    for form in forms:
        if form in EXCEL_BEGINS:
            if (meant := spreadsheet_time(text, form)) is not None:
                return meant
            continue
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        return found if has_hours(form) else datetime.combine(found, NOON)
    return None


def spreadsheet_time(text: str, form: str) -> datetime | None:
    """The time that a spreadsheet's number means, to the second; of a whole number noon."""
    number = EXCEL.fullmatch(text)
    if number is None:
        return None
    days, part = number.groups()
    at = EXCEL_BEGINS[form] + timedelta(days=int(days))
    return datetime.combine(at, NOON) if part is None else at + timedelta(seconds=round(float(f"0.{part}") * 86_400))


def has_hours(form: str) -> bool:
    return any(mark in form for mark in ("%H", "%I", "%c", "%X", "%s"))


class Row(NamedTuple):
    """The values of a line of one kind by our names; empty ones are left out."""

    kind: str
    values: Mapping[str, Any]
    manner: Manner

    def text(self, name: str) -> str | None:
        """The text, or a whole number as text; None where nothing stands. Errors: ValueCannotBeRead."""
        found = self.values.get(name)
        if found is None:
            return None
        return kept(name, found.strip() if type(found) is str else as_text(name, found)) or None

    def needed(self, name: str) -> str:
        """Errors: ValueIsMissing."""
        found = self.text(name)
        if found is None:
            raise self.missing(name)
        return found

    def missing(self, name: str) -> ValueIsMissing:
        return ValueIsMissing(field=name, means=f"{columns_of(self.kind)[name].means}.")

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a list, or of a cell that has them separated, each once. Errors: ListIsTooLong."""
        found = self.values.get(name)
        if found is None:
            return ()
        each = found if isinstance(found, list) else as_text(name, found).split(self.manner.list_separator)
        require_short(len(each), name, LONGEST_LIST if name in ADDRESSES else MOST_FACTS)
        return tuple(dict.fromkeys(text for one in each if (text := kept(name, as_text(name, one)))))

    def name(self, name: str) -> str:
        """A name as a code, 'unknown' where nothing stands. Errors: NameGivesNoCode."""
        found = self.text(name)
        if found is None:
            return UNKNOWN
        code = code_of(found)
        if code == UNKNOWN and found.casefold() != UNKNOWN:
            raise NameGivesNoCode(field=name)
        return code

    def flag(self, name: str) -> bool:
        """True or false, false where nothing stands. Errors: ValueCannotBeRead."""
        found = self.values.get(name, False)
        known = found if isinstance(found, bool) else FLAGS.get(as_text(name, found).casefold() or "false")
        if known is None:
            raise ValueCannotBeRead(field=name, wanted="true or false", example="true")
        return known

    def when(self, name: str, *, ahead: bool = False) -> When | None:
        """The time, None where nothing stands. `ahead`: it may be to come. Errors: as of `_when`."""
        text = self.text(name)
        return None if text is None else self._when(name, text, ahead=ahead)

    def when_needed(self, name: str) -> When:
        """Errors: ValueIsMissing, ValueCannotBeRead."""
        return self._when(name, self.needed(name))

    def whens(self, name: str) -> list[When]:
        """The times of a list."""
        return [self._when(name, text) for text in self.texts(name)]

    def day(self, name: str) -> date | None:
        """Errors: ValueCannotBeRead."""
        when = self.when(name, ahead=True)
        return None if when is None else when.at.date()

    def stages(self, name: str) -> list[tuple[str, When]]:
        """Stages with the time each was entered: 'phone-screen@2026-05-04', or objects with 'stage' and 'at'."""
        found = self.values.get(name)
        if isinstance(found, list):
            require_short(len(found), name, MOST_FACTS)
            return [self._stage(name, one) for one in found]
        return [self._stage(name, text) for text in self.texts(name)]

    def _stage(self, name: str, told: Any) -> tuple[str, When]:
        if isinstance(told, dict):
            stage, at = as_text(name, told.get("stage", "")), as_text(name, told.get("at", ""))
        else:
            stage, _, at = as_text(name, told).rpartition("@")
        if not stage.strip() or not at.strip():
            raise ValueCannotBeRead(field=name, wanted="a stage with its time", example="phone-screen@2026-05-04")
        if code_of(stage) == UNKNOWN:
            raise NameGivesNoCode(field=name)
        return stage.strip(), self._when(name, at.strip())

    def _when(self, name: str, text: str, *, ahead: bool = False) -> When:
        """Errors: ValueCannotBeRead, TimeIsNumber, TimeIsInTheFuture."""
        found = self.manner.moment(text)
        if found is None:
            if EXCEL.fullmatch(text):
                raise TimeIsNumber(field=name)
            raise ValueCannotBeRead(field=name, wanted="a time", example=A_TIME)
        at, whole = found
        if self.manner.now is not None and not ahead:
            require_past(at, self.manner.now, name)
        local = None if whole else kind_of_local(at)
        return When(at, "stated" if whole else ".".join(filter(None, ("derived", name, local))))


def kept(name: str, text: str) -> str:
    """The text, where the log can keep it. Errors: CellIsTooLong, CellCannotBeStored."""
    if len(text) > LONGEST_TEXT:
        raise CellIsTooLong(field=name, length=len(text), longest=LONGEST_TEXT)
    if not is_storable_text(text):
        raise CellCannotBeStored(field=name)
    return text


def as_text(name: str, found: Any) -> str:
    """Errors: ValueCannotBeRead, where it is neither a text nor a whole number."""
    if isinstance(found, str):
        return found.strip()
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    raise ValueCannotBeRead(field=name, wanted="text", example='"text"')


def first(*known: When | None) -> When | None:
    """The first of these times that is told."""
    return next((when for when in known if when is not None), None)


def told(when: When | None) -> dict[str, Any]:
    """A time as commands take it; None: it is not known."""
    return {} if when is None else when.fields()
