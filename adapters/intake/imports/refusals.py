"""What can be wrong with a file or with one of its lines, before any rule of recruiting is asked."""

from __future__ import annotations

from domain.errors import Refused


class FileCannotBeImported(Refused):
    """Base of what stops an import at a line. What stands before it is kept; mend the file and import it again."""


class LineCannotBeRead(Refused):
    """Base of what is wrong with one line, which alone is rejected."""


class FileIsNotInItsEncoding(FileCannotBeImported):
    """Line {line} is not {encoding} (at its byte {byte}).

    Name the encoding that the file is in (--encoding, or the query parameter 'encoding'), such as windows-1252, or save
    it as UTF-8. Lines known by then stay as they are.
    """


class EncodingIsUnknown(FileCannotBeImported):
    """'{name}' is no encoding of text.

    Name one such as utf-8, utf-16-le, windows-1252 or shift_jis, or leave it out: then it is detected.
    """

    where = "encoding"


class DelimiterIsUnknown(FileCannotBeImported):
    """'{name}' is no delimiter.

    Name one character, such as ';', or 'tab'; or leave it out: then it is detected.
    """

    where = "delimiter"


class LineIsTooLong(FileCannotBeImported):
    """Line {line} is longer than {limit} bytes.

    Break the file into lines, or leave out the column that holds so much.
    """


class CsvIsBroken(FileCannotBeImported):
    """From line {line} on this is no CSV: {why}.

    Look there for a quote that is not closed, not doubled inside a field, or followed by something else than the
    delimiter, '{delimiter}'. Another one is named by --delimiter, or the query parameter 'delimiter'.
    """


class FileIsEmpty(FileCannotBeImported):
    """The file is empty, or has nothing in it but blanks or a byte order mark.

    A CSV file begins with the names of its columns; an NDJSON file has a JSON object a line.
    """


class ColumnStandsTwice(FileCannotBeImported):
    """The column '{column}' stands twice in the head (at {first} and {second}).

    Give each column a name of its own.
    """


class ColumnIsUnknown(FileCannotBeImported):
    """The file has columns that {kind} do not have: {columns}.

    Name them in a mapping, or say there `others = "ignore"`. The columns of {kind}: {known}.
    """


class ColumnIsMissing(FileCannotBeImported):
    """The file lacks what {kind} need: {columns}.

    Name in a mapping which of its columns that is, or a constant: {given}.
    """


class MappingCannotBeRead(FileCannotBeImported):
    """The mapping cannot be used: {why}.

    docs/imports.md shows what a mapping may say.
    """


class KindIsUnknown(FileCannotBeImported):
    """Nothing named '{kind}' is imported.

    Name one of: {known}.
    """

    where = "kind"


class SystemIsWrittenWrongly(FileCannotBeImported):
    """The system '{system}' is not written as a code: a-z 0-9 . _ - and at most 64 of them.

    Name the system that the file comes from, such as 'old-crm'; the same one whenever it is imported from.
    """

    where = "system"


class FormatIsUnknown(FileCannotBeImported):
    """'{name}' does not say whether it is CSV or NDJSON.

    Let it end in .csv, .ndjson or .jsonl, or name the format: --format csv, or --format ndjson.
    """


class ImportIsAtWork(FileCannotBeImported):
    """This file is being imported at this moment, by another process.

    Wait for it. Should it be killed, this can be started again and goes on.
    """


class LineHasOtherCells(LineCannotBeRead):
    """The line has {cells} cells, and the head names {columns} columns.

    Look for a delimiter that stands in a cell without quotes, or for a missing cell.
    """


class CellIsTooLong(LineCannotBeRead):
    """What stands in '{field}' has {length} characters; {longest} are the most.

    Shorten it, or keep the document elsewhere and say here where. Only columns that are imported have a limit.
    """


class CellCannotBeStored(LineCannotBeRead):
    """What stands in '{field}' has a character in it that no text has (NUL).

    Take it out; check what made the file.
    """


class LineIsNotJson(LineCannotBeRead):
    """The line is not a JSON object (at its column {column}: {why}).

    Write one object in one line, and mend the text in perennial_text.
    """


class LineHasUnknownKeys(LineCannotBeRead):
    """The line has keys that {kind} do not have: {columns}.

    Name them in a mapping, or say there `others = "ignore"`.
    """


class ValueIsMissing(LineCannotBeRead):
    """Nothing stands in '{field}'.

    It cannot be done without: {means}
    """


class ValueCannotBeRead(LineCannotBeRead):
    """What stands in '{field}' cannot be read as {wanted}.

    Write it like {example}.
    """


class TimeIsNumber(LineCannotBeRead):
    """What stands in '{field}' is a number, as a spreadsheet keeps a date inside.

    Let the column be written as dates, such as 2026-05-04, or say in the mapping under [writing]: times = ["excel"].
    """


class NameGivesNoCode(LineCannotBeRead):
    """What stands in '{field}' has no Latin letter or digit, so that no code can be made of it.

    Translate it in the mapping, under [values.{field}].
    """


class StepHasNoTime(LineCannotBeRead):
    """'{field}' tells of something, and not of when it was.

    Fill in '{time}': it would otherwise be dated today.
    """


class PersonOfTheLineWasErased(LineCannotBeRead):
    """The line is about somebody who was erased: nothing personal is recorded about them any more.

    Leave it out.
    """
