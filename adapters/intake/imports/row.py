"""Reads each value of a line as its column requires, or says why that is impossible."""

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
    """How the file writes times and lists. `now`: no event is later; None: that is not checked."""

    zone: ZoneInfo
    times: tuple[str, ...] = ()
    list_separator: str = ";"
    now: datetime | None = None

    def moment(self, text: str) -> tuple[datetime, bool] | None:
        """Return the time, and whether it was stated with its zone; noon of a date. None: it cannot be read."""
        moment = written_time(text, self.times)
        if moment is None:
            return None
        whole = moment.tzinfo is not None
        moment = moment if whole else moment.replace(tzinfo=self.zone)
        return (moment, whole) if is_storable_moment(moment) else None


def kind_of_local(moment: datetime) -> str | None:
    """Return whether the clocks of its zone skipped a local time (GAP) or showed it twice (FOLD); None: neither.

    One that was skipped is read with the offset before the change, which is as long after it as was skipped; of one
    that was shown twice, the first is meant.
    """
    first, second = moment.replace(fold=0).utcoffset(), moment.replace(fold=1).utcoffset()
    if first is None or second is None or first == second:
        return None
    return FOLD if first > second else GAP


@lru_cache(maxsize=4096)
def written_time(text: str, forms: tuple[str, ...]) -> datetime | None:
    """Return a time that is written in ISO 8601 or one of the forms; of a date its noon."""
    try:
        moment = datetime.fromisoformat(text)
        return datetime.combine(moment, NOON) if len(text) <= DAY_LENGTH else moment
    except ValueError:
        pass
    for form in forms:
        if form in EXCEL_BEGINS:
            if (meant := spreadsheet_time(text, form)) is not None:
                return meant
            continue
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        return moment if has_hours(form) else datetime.combine(moment, NOON)
    return None


def spreadsheet_time(text: str, form: str) -> datetime | None:
    """Return the time of a spreadsheet's number, to the second; of a whole number noon."""
    number = EXCEL.fullmatch(text)
    if number is None:
        return None
    days, part = number.groups()
    at = EXCEL_BEGINS[form] + timedelta(days=int(days))
    return datetime.combine(at, NOON) if part is None else at + timedelta(seconds=round(float(f"0.{part}") * 86_400))


def has_hours(form: str) -> bool:
    return any(mark in form for mark in ("%H", "%I", "%c", "%X", "%s"))


class Row(NamedTuple):
    """The values of a line of one kind by our names, without the empty ones."""

    kind: str
    values: Mapping[str, Any]
    manner: Manner

    def text(self, name: str) -> str | None:
        """Return the text, or a whole number as text; None where the value is empty. Errors: ValueCannotBeRead."""
        value = self.values.get(name)
        if value is None:
            return None
        return kept(name, value.strip() if type(value) is str else as_text(name, value)) or None

    def needed(self, name: str) -> str:
        """Return the text. Errors: ValueIsMissing."""
        value = self.text(name)
        if value is None:
            raise self.missing(name)
        return value

    def missing(self, name: str) -> ValueIsMissing:
        return ValueIsMissing(field=name, means=f"{columns_of(self.kind)[name].means}.")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of a list, or of a cell that separates them, each once. Errors: ListIsTooLong."""
        value = self.values.get(name)
        if value is None:
            return ()
        each = value if isinstance(value, list) else as_text(name, value).split(self.manner.list_separator)
        require_short(len(each), name, LONGEST_LIST if name in ADDRESSES else MOST_FACTS)
        return tuple(dict.fromkeys(text for item in each if (text := kept(name, as_text(name, item)))))

    def name(self, name: str) -> str:
        """Return a name as a code, 'unknown' where the value is empty. Errors: NameGivesNoCode."""
        text = self.text(name)
        if text is None:
            return UNKNOWN
        code = code_of(text)
        if code == UNKNOWN and text.casefold() != UNKNOWN:
            raise NameGivesNoCode(field=name)
        return code

    def flag(self, name: str) -> bool:
        """Return true or false, false where the value is empty. Errors: ValueCannotBeRead."""
        value = self.values.get(name, False)
        flag = value if isinstance(value, bool) else FLAGS.get(as_text(name, value).casefold() or "false")
        if flag is None:
            raise ValueCannotBeRead(field=name, wanted="true or false", example="true")
        return flag

    def when(self, name: str, *, ahead: bool = False) -> When | None:
        """Return the time, None where the value is empty. `ahead`: it may be in the future. Errors: as of `_when`."""
        text = self.text(name)
        return None if text is None else self._when(name, text, ahead=ahead)

    def when_needed(self, name: str) -> When:
        """Return the time. Errors: ValueIsMissing, ValueCannotBeRead."""
        return self._when(name, self.needed(name))

    def whens(self, name: str) -> list[When]:
        """Return the times of a list."""
        return [self._when(name, text) for text in self.texts(name)]

    def day(self, name: str) -> date | None:
        """Return the date. Errors: ValueCannotBeRead."""
        when = self.when(name, ahead=True)
        return None if when is None else when.at.date()

    def stages(self, name: str) -> list[tuple[str, When]]:
        """Return the stages with the time each was entered: 'phone-screen@2026-05-04', or objects with 'stage' and
        'at'."""
        value = self.values.get(name)
        if isinstance(value, list):
            require_short(len(value), name, MOST_FACTS)
            return [self._stage(name, item) for item in value]
        return [self._stage(name, text) for text in self.texts(name)]

    def _stage(self, name: str, entry: Any) -> tuple[str, When]:
        if isinstance(entry, dict):
            stage, at = as_text(name, entry.get("stage", "")), as_text(name, entry.get("at", ""))
        else:
            stage, _, at = as_text(name, entry).rpartition("@")
        if not stage.strip() or not at.strip():
            raise ValueCannotBeRead(field=name, wanted="a stage with its time", example="phone-screen@2026-05-04")
        if code_of(stage) == UNKNOWN:
            raise NameGivesNoCode(field=name)
        return stage.strip(), self._when(name, at.strip())

    def _when(self, name: str, text: str, *, ahead: bool = False) -> When:
        """Return the time of a text. Errors: ValueCannotBeRead, TimeIsNumber, TimeIsInTheFuture."""
        moment = self.manner.moment(text)
        if moment is None:
            if EXCEL.fullmatch(text):
                raise TimeIsNumber(field=name)
            raise ValueCannotBeRead(field=name, wanted="a time", example=A_TIME)
        at, whole = moment
        if self.manner.now is not None and not ahead:
            require_past(at, self.manner.now, name)
        local = None if whole else kind_of_local(at)
        return When(at, "stated" if whole else ".".join(filter(None, ("derived", name, local))))


def kept(name: str, text: str) -> str:
    """Return the text, where the log can store it. Errors: CellIsTooLong, CellCannotBeStored."""
    if len(text) > LONGEST_TEXT:
        raise CellIsTooLong(field=name, length=len(text), longest=LONGEST_TEXT)
    if not is_storable_text(text):
        raise CellCannotBeStored(field=name)
    return text


def as_text(name: str, value: Any) -> str:
    """Return a text or a whole number as text. Errors: ValueCannotBeRead."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueCannotBeRead(field=name, wanted="text", example='"text"')


def first(*times: When | None) -> When | None:
    """Return the first of these times that is not None."""
    return next((when for when in times if when is not None), None)


def time_fields(when: When | None) -> dict[str, Any]:
    """Return a time as the fields of a command; None: it is not known."""
    return {} if when is None else when.fields()
