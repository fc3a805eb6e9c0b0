"""Maps the words of a foreign file to ours: its columns, constants of all lines, and the meaning of its values."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from adapters.intake.imports.columns import FORMER_NAMES, TODAYS_NAMES, columns_of
from adapters.intake.imports.encodings import UTF8, encoding_named
from adapters.intake.imports.lines import OURS
from adapters.intake.imports.refusals import (
    ColumnIsMissing,
    ColumnIsUnknown,
    EncodingIsUnknown,
    LineHasUnknownKeys,
    MappingCannotBeRead,
)
from adapters.intake.integrations.outside import writable
from adapters.intake.strict_json import read_json

CONFIG = ConfigDict(extra="forbid", frozen=True)


def require_whole(text: str) -> str:
    """Raises ValueError, where it has half characters (lone surrogates), which no file holds."""
    if writable(text) != text:
        raise ValueError("it holds half a character")
    return text


Theirs = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(require_whole)]
Word = Annotated[str, Field(max_length=200), AfterValidator(require_whole)]
Table = dict[Word, Word]


class Writing(BaseModel):
    """How the file is written.

    delimiter: between the cells of CSV; omitted: detected. encoding: of the file; omitted: detected. list_separator:
    between the values in one cell. zone: of times that name none; omitted: the organisation's. times: forms of
    strptime, for times that are not ISO 8601; 'excel', 'excel-1904': a spreadsheet's number of a day.
    """

    model_config = CONFIG

    delimiter: Annotated[str, Field(pattern=r'^[^"\r\n\x00]$')] | None = None
    encoding: str | None = None
    list_separator: Annotated[Theirs, Field(max_length=10)] = ";"
    zone: str | None = None
    times: tuple[Theirs, ...] = ()

    @field_validator("encoding")
    @classmethod
    def encoding_exists(cls, encoding: str | None) -> str | None:
        try:
            return None if encoding is None else encoding_named(encoding)
        except EncodingIsUnknown as unknown:
            raise ValueError(unknown.what) from None

    @field_validator("zone")
    @classmethod
    def zone_exists(cls, zone: str | None) -> str | None:
        try:
            return None if zone is None else ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is no IANA time zone, such as Europe/Berlin") from error


class Wording(BaseModel):
    """A mapping, all of it optional.

    columns: our column = theirs, or several of theirs (a text is put together with blanks, a list has them all).
    constants: our column = its value in a line that has none. values: per column of ours, their word = ours. others:
    what to do about columns that are neither ours nor named: refuse the file, or ignore them.
    """

    model_config = CONFIG

    columns: dict[Word, Theirs | Annotated[tuple[Theirs, ...], Field(min_length=1)]] = {}
    constants: dict[Word, Word] = {}
    values: dict[Word, Table] = {}
    others: Literal["refuse", "ignore"] = "refuse"
    writing: Writing = Writing()

    @field_validator("columns", "constants", "values")
    @classmethod
    def under_todays_names(cls, named: dict[str, Any]) -> dict[str, Any]:
        doubled = [name for name in named if TODAYS_NAMES.get(name) in named]
        if doubled:
            raise ValueError(f"'{TODAYS_NAMES[doubled[0]]}' was called '{doubled[0]}' before; name it once")
        return {TODAYS_NAMES.get(name, name): value for name, value in named.items()}

    def theirs(self, ours: str) -> tuple[str, ...]:
        """Return the columns of the file that are mapped to one of ours."""
        named = self.columns.get(ours, ())
        return (named,) if isinstance(named, str) else named

    def of_file(self, columns: Sequence[str] | None) -> Wording:
        """Return the mapping for a file with these columns, some of which may have the former names of ours."""
        used = {theirs for ours in self.columns for theirs in self.theirs(ours)}
        former = {
            ours: name
            for ours, name in FORMER_NAMES.items()
            if columns is not None
            and name in columns
            and ours not in columns
            and not {ours, name} & {*used, *self.columns}
        }
        return self.model_copy(update={"columns": {**self.columns, **former}}) if former else self

    def written(self, delimiter: str | None, encoding: str | None) -> Wording:
        """Return the mapping for a file with this delimiter and encoding; None: as the mapping says."""
        given = {"delimiter": delimiter, "encoding": encoding}
        named = {name: value for name, value in given.items() if value is not None}
        return self.model_copy(update={"writing": self.writing.model_copy(update=named)}) if named else self

    def identity(self) -> dict[str, Any]:
        """Return the content of the mapping as it identifies an import: UTF-8 is omitted, and columns have their former
        names."""
        document = self.model_dump(mode="json")
        if document["writing"]["encoding"] in (None, UTF8):
            del document["writing"]["encoding"]
        for part in ("columns", "constants", "values"):
            document[part] = {FORMER_NAMES.get(name, name): value for name, value in document[part].items()}
        return document


PLAIN = Wording()
"""A file that is written in our words."""


def read_mapping(path: Path) -> Wording:
    """Return the mapping in a TOML file. Errors: MappingCannotBeRead."""
    try:
        return wording_of(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise MappingCannotBeRead(why=str(error)) from error


def mapping_in(text: str) -> Wording:
    """Return the mapping in a JSON text. Errors: MappingCannotBeRead."""
    try:
        return wording_of(read_json(text))
    except ValueError as error:
        raise MappingCannotBeRead(why=str(error)) from error


def wording_of(document: Any) -> Wording:
    """Return the mapping of a document. Errors: MappingCannotBeRead."""
    try:
        return Wording.model_validate(document)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"])) or "the mapping"
        raise MappingCannotBeRead(why=f"{where}: {wrong['msg']}") from error


def require_known_names(wording: Wording, kind: str) -> None:
    """Raises MappingCannotBeRead where the mapping speaks of columns that the kind does not have."""
    columns = columns_of(kind)
    for part, named in (("columns", wording.columns), ("constants", wording.constants), ("values", wording.values)):
        for name in named:
            if name not in columns:
                raise MappingCannotBeRead(why=f"[{part}] names '{name}', which is no column of {kind}")


Pick = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Translator:
    """Puts the values of a line under our names. `known_columns`: the columns of the file that have a meaning; None:
    all others are ignored."""

    kind: str
    picks: tuple[tuple[str, Pick, str | None, Table | None], ...]
    known_columns: frozenset[str] | None

    def __call__(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the line under our names. Errors: LineHasUnknownKeys."""
        if self.known_columns is not None and (not values.keys() <= self.known_columns or former_names_in(values)):
            self._require_known(values)
        renamed: dict[str, Any] = {}
        for ours, pick, constant, table in self.picks:
            value = pick(values)
            if value is None or value == "":
                value = constant
            if value is not None:
                renamed[ours] = value if table is None else translated(value, table)
        return renamed

    def _require_known(self, values: Mapping[str, Any]) -> None:
        strange = [name for name in values if name not in (self.known_columns or ()) and not name.startswith(OURS)]
        strange += former_names_in(values)
        if strange:
            raise LineHasUnknownKeys(kind=self.kind, columns=", ".join(sorted(strange)))


def translator(kind: str, wording: Wording, columns: Sequence[str] | None, unnamed: Collection[str] = ()) -> Translator:
    """Return the translator of a file with these columns (None: every line names its own).

    `unnamed`: columns without a name in the file, which are ignored unless the mapping names them.

    Errors: KindIsUnknown, MappingCannotBeRead, ColumnIsUnknown, ColumnIsMissing.
    """
    require_known_names(wording, kind)
    ours = columns_of(kind)
    named = {theirs for name in wording.columns for theirs in wording.theirs(name)}
    sources = {name: wording.theirs(name) or own_names(name, columns, named) for name in ours}
    used = {theirs for many in sources.values() for theirs in many}
    if columns is not None:
        require_columns(kind, wording, columns, sources)
        if wording.others == "refuse":
            require_no_others(kind, columns, {*used, *unnamed})
    constants, tables = wording.constants, wording.values
    picks = tuple(
        (name, picked(name, theirs, as_list=ours[name].read == "texts"), constants.get(name), tables.get(name))
        for name, theirs in sources.items()
        if name in constants or any(columns is None or column in columns for column in theirs)
    )
    return Translator(kind, picks, frozenset(used) if columns is None and wording.others == "refuse" else None)


def own_names(ours: str, columns: Sequence[str] | None, named: Collection[str]) -> tuple[str, ...]:
    """Return the names in the file of a column that the mapping does not name: ours, and where lines name their own
    columns our former one too. `named`: the columns that the mapping uses for others."""
    former = FORMER_NAMES.get(ours) if columns is None else None
    return tuple(name for name in (ours, former) if name is not None and name not in named)


def former_names_in(values: Mapping[str, Any]) -> list[str]:
    """Return the former names of columns that the line gives under today's names too."""
    return [former for name, former in FORMER_NAMES.items() if former in values and name in values]


def require_columns(
    kind: str, wording: Wording, columns: Sequence[str], sources: Mapping[str, tuple[str, ...]]
) -> None:
    """Raises MappingCannotBeRead for columns that are named and not there, ColumnIsMissing for what is needed."""
    for name in wording.columns:
        for theirs in sources[name]:
            if theirs not in columns:
                raise MappingCannotBeRead(why=f"[columns] names '{theirs}', which is no column of the file")
    missing = [
        column.name
        for column in columns_of(kind).values()
        if column.needed and column.name not in wording.constants and not set(sources[column.name]) & set(columns)
    ]
    if missing:
        raise ColumnIsMissing(kind=kind, columns=", ".join(missing), given=", ".join(columns))


def require_no_others(kind: str, columns: Sequence[str], used: set[str]) -> None:
    strange = [name for name in columns if name not in used and not name.startswith(OURS)]
    if strange:
        raise ColumnIsUnknown(kind=kind, columns=", ".join(strange), known=", ".join(columns_of(kind)))


def picked(ours: str, theirs: tuple[str, ...], *, as_list: bool) -> Pick:
    """Return what takes the value out of a line; of several columns their texts joined, or all their values."""
    if not theirs:
        return lambda values: None
    if len(theirs) == 1:
        (only,) = theirs
        return lambda values: values.get(only)
    if theirs == (ours, FORMER_NAMES.get(ours)):
        return lambda values: next((values[name] for name in theirs if name in values), None)
    if as_list:
        return lambda values: [value for name in theirs if (value := values.get(name)) not in (None, "")]
    return lambda values: " ".join(str(value) for name in theirs if (value := values.get(name)) not in (None, ""))


def translated(value: Any, table: Table) -> Any:
    """Return the value in our words, where the table has one for it."""
    if isinstance(value, list):
        return [translated(item, table) for item in value]
    return table.get(value.strip(), value) if isinstance(value, str) else table.get(json.dumps(value), value)
