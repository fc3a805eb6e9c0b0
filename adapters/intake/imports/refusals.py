"""The errors of a file or of one of its lines, raised before any domain rule is checked."""

from __future__ import annotations

from domain.errors import Refused


class FileCannotBeImported(Refused):
    """File that cannot be imported

    Base of the errors that stop an import at a line. What was imported before that line is kept.

    Correct the file and import it again.
    """


class LineCannotBeRead(Refused):
    """Line that cannot be imported

    Base of the errors of one line, which alone is rejected.

    Correct the line and import it again.
    """


class FileIsNotInItsEncoding(FileCannotBeImported):
    """Wrong text encoding

    Line {line} is not valid {encoding} (at its byte {byte}).

    Name the file's encoding (--encoding, or the query parameter 'encoding'), such as windows-1252, or save the file as
    UTF-8. Lines imported before this one stay imported.
    """


class EncodingIsUnknown(FileCannotBeImported):
    """Unknown text encoding

    '{name}' is not a known text encoding.

    Send one such as utf-8, utf-16-le, windows-1252 or shift_jis, or leave it out to have it detected.
    """

    where = "encoding"


class DelimiterIsUnknown(FileCannotBeImported):
    """Unknown delimiter

    '{name}' is not a delimiter.

    Send one character, such as ';', or 'tab'; or leave it out to have it detected.
    """

    where = "delimiter"


class LineIsTooLong(FileCannotBeImported):
    """Line too long

    Line {line} is longer than {limit} bytes.

    Break the file into lines, or leave out the column with the long text.
    """


class CsvIsBroken(FileCannotBeImported):
    """Malformed CSV

    The file is not valid CSV from line {line} on: {why}.

    Check there for a quote that is not closed, not doubled within a field, or not followed by the delimiter
    '{delimiter}'. Set another delimiter with --delimiter, or the query parameter 'delimiter'.
    """


class FileIsEmpty(FileCannotBeImported):
    """Empty file

    The file is empty, or contains nothing but blanks or a byte order mark.

    Send a CSV file that begins with the names of its columns, or an NDJSON file with one JSON object a line.
    """


class ColumnStandsTwice(FileCannotBeImported):
    """Duplicate column

    The header names the column '{column}' twice (columns {first} and {second}).

    Give each column a different name.
    """


class ColumnIsUnknown(FileCannotBeImported):
    """Unknown columns

    The file has columns that {kind} do not have: {columns}.

    Map them in a mapping, or set `others = "ignore"` in it. The columns of {kind}: {known}.
    """


class ColumnIsMissing(FileCannotBeImported):
    """Required column missing

    The file lacks columns that {kind} require: {columns}.

    In a mapping, name the column that holds each, or give a constant: {given}.
    """


class MappingCannotBeRead(FileCannotBeImported):
    """Invalid mapping

    The mapping cannot be used: {why}.

    Correct it; docs/imports.md describes the format.
    """


class KindIsUnknown(FileCannotBeImported):
    """Unknown kind of import

    '{kind}' cannot be imported.

    Use one of: {known}.
    """

    where = "kind"


class SystemIsWrittenWrongly(FileCannotBeImported):
    """Invalid name of a system

    The system '{system}' is not a code: a-z 0-9 . _ - and at most 64 characters.

    Name the system that the file comes from, such as 'old-crm', and use the same name in every import from it.
    """

    where = "system"


class FormatIsUnknown(FileCannotBeImported):
    """Unknown file format

    The name '{name}' does not tell whether the file is CSV or NDJSON.

    Use a name that ends in .csv, .ndjson or .jsonl, or name the format: --format csv, or --format ndjson.
    """


class ImportIsAtWork(FileCannotBeImported):
    """Import already running

    Another process is importing this file now.

    Wait until it ends. If that process is killed, start the import again: it continues where it stopped.
    """


class LineHasOtherCells(LineCannotBeRead):
    """Wrong number of cells

    The line has {cells} cells, and the header names {columns} columns.

    Check for a delimiter inside a cell without quotes, or for a missing cell.
    """


class CellIsTooLong(LineCannotBeRead):
    """Cell too long

    The value of '{field}' has {length} characters; the limit is {longest}.

    Shorten it, or store the document elsewhere and import a link. Only imported columns have a limit.
    """


class CellCannotBeStored(LineCannotBeRead):
    """NUL character in a cell

    The value of '{field}' contains a NUL character, which cannot be stored.

    Remove it, and check the program that wrote the file.
    """


class LineIsNotJson(LineCannotBeRead):
    """Line is not a JSON object

    The line is not a JSON object (at its column {column}: {why}).

    Write one object in one line, and correct the text in perennial_text.
    """


class LineHasUnknownKeys(LineCannotBeRead):
    """Unknown keys in a line

    The line has keys that {kind} do not have: {columns}.

    Map them in a mapping, or set `others = "ignore"` in it.
    """


class ValueIsMissing(LineCannotBeRead):
    """Required value missing

    The column '{field}' is empty.

    Fill it in, because it is required: {means}
    """


class ValueCannotBeRead(LineCannotBeRead):
    """Unreadable value

    The value of '{field}' cannot be read as {wanted}.

    Write it like {example}.
    """


class TimeIsNumber(LineCannotBeRead):
    """Number instead of a time

    The value of '{field}' is a number, as spreadsheets store dates internally.

    Export the column as dates, such as 2026-05-04, or set in the mapping under [writing]: times = ["excel"].
    """


class NameGivesNoCode(LineCannotBeRead):
    """Name without a Latin letter or digit

    The value of '{field}' has no Latin letter or digit, so no code can be derived from it.

    Translate it in the mapping, under [values.{field}].
    """


class StepHasNoTime(LineCannotBeRead):
    """Step without a time

    '{field}' names a step but not when it happened.

    Fill in '{time}'; without it the step would be dated today.
    """


class PersonOfTheLineWasErased(LineCannotBeRead):
    """Line about an erased person

    The person of this line was erased, and nothing personal may be recorded about them.

    Leave the line out.
    """
