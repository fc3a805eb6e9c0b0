"""Files as spreadsheets and other systems export them: their encodings, delimiters, empty rows and huge cells."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from adapters.intake.imports.encodings import delimiter_named, delimiter_of, encoding_named, encoding_of
from adapters.intake.imports.importing import Importer, Order
from adapters.intake.imports.ledger import OUTCOMES, REJECTED, Ledger
from adapters.intake.imports.lines import LONGEST_LINE
from adapters.intake.imports.mapping import PLAIN, Wording
from adapters.intake.imports.refusals import DelimiterIsUnknown, EncodingIsUnknown, FileIsEmpty, FileIsNotInItsEncoding
from commands.verb import LONGEST_TEXT
from tests.adapters.intake.imports.conftest import SYSTEM, House

IGNORE = Wording.model_validate({"others": "ignore"})
ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
GERMAN = "id;at;name;lives_in\r\n1;2024-01-05;Jürgen Weiß;Köln am Rhein\r\n2;2024-01-06;Käthe Größl;Düsseldorf\r\n"
TEXTS: dict[str, str] = {
    "utf-8": GERMAN,
    "utf-8-sig": GERMAN,
    "utf-16": GERMAN,
    "utf-16-le": GERMAN,
    "utf-16-be": GERMAN,
    "utf-32": GERMAN,
    "cp1252": GERMAN,
    "cp1251": "id;name;lives_in\n1;Анна Петрова;Санкт-Петербург\n2;Сергей Иванов;Новосибирск, Россия\n",
    "shift_jis": "id;name;lives_in\n1;佐藤花子;東京都渋谷区\n2;鈴木一郎;大阪市北区にある会社\n",
}


def written(house: House, data: bytes, name: str = "c.csv") -> Path:
    path = house.folder / name
    path.write_bytes(data)
    return path


def named(house: House, outside_id: str) -> Any:
    """The event by which a person came in."""
    return house.history("candidate", outside_id)[0].event


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_file_in_another_encoding_is_read_and_said_to_be(house: House, encoding: str) -> None:
    text = TEXTS[encoding]
    report = house.import_("candidates", written(house, text.encode(encoding)))
    assert (report.standing.added, report.standing.rejected) == (2, 0)
    assert named(house, "1").name == text.splitlines()[1].split(";")[1 if "at" not in text.split("\n")[0] else 2]
    expected = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    assert (report.writing.encoding, report.writing.delimiter) == (expected, ";")


@given(
    text=st.text(st.characters(codec="utf-8"), min_size=1),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
)
@ANY
def test_a_byte_order_mark_is_believed(tmp_path: Path, text: str, encoding: str) -> None:
    assume(encoding != "utf-16-le" or not text.startswith("\0"))  # those bytes are the mark of UTF-32
    path = tmp_path / "c.csv"
    path.write_bytes(f"\ufeff{text}".encode(encoding))
    assert encoding_of(path) == encoding


@given(
    rows=st.lists(
        st.lists(st.sampled_from(["id", "7", "\0", "\0\0", "Å"]), min_size=1, max_size=3), min_size=1, max_size=4
    )
)
@ANY
def test_zeros_in_a_short_file_make_it_no_utf16(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes("".join(f"{','.join(row)}\r\n" for row in [["id"], *rows]).encode())
    assert encoding_of(path) == "utf-8"


@given(rows=st.lists(st.text(st.characters(min_codepoint=0x0A05, max_codepoint=0x0A39), max_size=9), max_size=9))
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@ANY
def test_utf16_without_a_mark_is_detected_by_its_zeros(tmp_path: Path, encoding: str, rows: list[str]) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes("".join(f"{row}\n" for row in ["id,name,source,role", *rows]).encode(encoding))
    zeros = sum(character < "\u0100" for character in path.read_bytes().decode(encoding))
    assume(zeros * 5 > path.stat().st_size // 2)
    assert encoding_of(path) == encoding


@given(text=st.text(st.characters(codec="utf-8")))
@ANY
def test_what_is_utf8_is_never_taken_for_something_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(f"id,name,at\n1,{text.replace(chr(0), '')},2024-01-05\n".encode())
    assert encoding_of(path) == "utf-8"


def test_a_few_wrong_bytes_stop_a_file_and_do_not_garble_the_rest(house: House) -> None:
    good = "".join(f"{n},Zoë Müller\n" for n in range(1, 8)).encode()
    with pytest.raises(FileIsNotInItsEncoding, match="Line 9 is not valid UTF-8"):
        house.import_("candidates", written(house, b"id,name\n" + good + b"8,caf\xe9\n"))
    assert named(house, "1").name == "Zoë Müller"


def test_an_encoding_and_a_delimiter_that_are_named_are_used(house: House) -> None:
    data = "id|name\n1|Łukasz; Żak\n".encode("cp1250")
    wording = PLAIN.written(delimiter_named("|"), encoding_named("windows-1250"))
    report = house.import_("candidates", written(house, data), wording=wording)
    assert (named(house, "1").name, report.writing.encoding) == ("Łukasz; Żak", "cp1250")


@pytest.mark.parametrize("name", ["klingon", "", "base64", "rot13", "\0", "x" * 500, "\ud800"])
def test_what_is_no_encoding_is_refused(name: str) -> None:
    with pytest.raises(EncodingIsUnknown):
        encoding_named(name)


@pytest.mark.parametrize("name", ["", ";;", '"', "\n", "\0", "comma;"])
def test_what_is_no_delimiter_is_refused(name: str) -> None:
    with pytest.raises(DelimiterIsUnknown):
        delimiter_named(name)
    assert [delimiter_named(name) for name in (";", "tab", "TAB", "\\t", "pipe")] == [";", "\t", "\t", "\t", "|"]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id,at,emails\n1,2024-01-05,a@x.org;b@x.org;c@x.org\n", ","),
        ("id;at;note\n1;2024-01-05;one, two, three, four\n", ";"),
        ('id;"last, first, middle, other";at\n1;x;2024-01-05\n', ";"),
        ("id\tat\tnote\n1\t2024-01-05\ta, b; c\n", "\t"),
        ("id|at|note\n1|2024-01-05|a, b; c\n", "|"),
        ("sep=;\r\nid;at\r\n1;2024-01-05\r\n", ";"),
        ("\n\nid;at\n1;1,5\n", ";"),
        ("id\n1\n2\n", ","),
        ("Nr;Vorname, Nachname, Titel\n1;x\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_parts_the_head(tmp_path: Path, text: str, delimiter: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text, newline="")
    assert delimiter_of(path, "utf-8", {"id", "at", "note", "emails", "Nr", "Vorname, Nachname, Titel"}) == delimiter


def test_excels_own_first_line_is_passed_over(house: House) -> None:
    report = house.import_("candidates", written(house, b"sep=;\r\nid;at\r\n1;2024-01-05\r\n2;never\r\n"))
    assert (report.standing.added, report.standing.rejected) == (1, 1)
    assert [row["perennial_line"] for row in rows_of_semicolons(house.rejected(house.folder / "c.csv"))] == ["4"]


def rows_of_semicolons(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


@pytest.mark.parametrize(
    "data", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\n\n", b" \r\n\t\r\n", "\ufeff \n".encode("utf-16-be")]
)
@pytest.mark.parametrize("name", ["c.csv", "c.ndjson"])
def test_a_file_without_anything_in_it_says_so(house: House, data: bytes, name: str) -> None:
    with pytest.raises(FileIsEmpty, match="The file is empty"):
        house.import_("candidates", written(house, data, name))


def test_empty_rows_and_empty_cells_beside_the_table_are_passed_over(house: House) -> None:
    text = "id,name,at,,\n1,Ana,2024-01-05,,\n,,,,\n , ,\t,,\n2,Bo,2024-01-06,,,,,\n3,Cy,2024-01-06\n" + ",,,,\n" * 50
    path = house.file("c.csv", text)
    standing = house.import_("candidates", path).standing
    assert (standing.added, standing.reasons) == (2, {"line-has-other-cells": 1})
    head = house.rejected(path).read_text().splitlines()[0]
    assert head.endswith("id,name,at,,")
    mended = house.rejected(path)
    mended.write_text(mended.read_text().replace("3,Cy,2024-01-06", "3,Cy,2024-01-06,,"))
    assert house.import_("candidates", mended).standing.added == 1


def test_blank_rows_in_the_middle_change_nothing_about_going_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    rows = "".join(f"{n},2024-01-05\n,\n" for n in range(1, 12))
    path, kept, left = house.file("c.csv", f"id,at\n{rows}"), Ledger.keep, [3]

    def keep(ledger: Ledger, standing: Any) -> None:
        kept(ledger, standing)
        left[0] -= 1
        if not left[0]:
            raise Killed

    monkeypatch.setattr(Ledger, "keep", keep)
    with pytest.raises(Killed):
        house.import_("candidates", path)
    left[0] = -1
    report = house.import_("candidates", path)
    assert report.went_on_after
    assert (report.standing.added, house.length()) == (11, 11)


@pytest.mark.parametrize("length", [131_073, 3_000_000])
def test_a_huge_cell_of_a_column_that_is_not_imported_may_hold_anything(house: House, length: int) -> None:
    fillings = ('"' + "x," * (length // 2) + '"', '"' + "line\n" * (length // 5) + '"', "x" * length)
    for number, filling in enumerate(fillings):
        text = f"id,photo,name\n1,,Ana\n2,{filling},Bo\n3,,Cy\n"
        report = house.import_("candidates", house.file("c.csv", text), wording=IGNORE, system=f"s{number}")
        assert (report.standing.added, report.standing.rejected) == (3, 0)


def test_a_huge_cell_of_a_column_that_is_imported_rejects_its_line_and_is_named_as_the_file_names_it(
    house: House,
) -> None:
    wording = Wording.model_validate({"columns": {"name": "Full Name", "id": "Nr"}})
    path = house.file("c.csv", f"Nr,Full Name\n1,Ana\n2,{'x' * 200_000}\n3,Cy\n")
    standing = house.import_("candidates", path, wording=wording).standing
    assert (standing.added, standing.reasons) == (2, {"cell-is-too-long": 1})
    csv.field_size_limit(LONGEST_LINE)
    (row,) = rows_of(house.rejected(path))
    assert row["perennial_where"] == "Full Name"
    assert row["perennial_reason"] == f"The value of 'Full Name' has 200000 characters; the limit is {LONGEST_TEXT}."
    assert row["Full Name"] == "x" * 200_000


NAMED = {"candidate": "Person", "kind": "What", "at": "When", "note": "Comment", "machine": "Bot?", "purpose": "For"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("candidate", ""),
        ("candidate", "missing"),
        ("kind", "pigeon-sent"),
        ("kind", "Not A Code"),
        ("at", "yesterday"),
        ("at", "2199-01-01"),
        ("at", "45296"),
        ("at", ""),
        ("machine", "perhaps"),
        ("purpose", "No Code"),
        ("note", "a\0b"),
        ("note", "x" * 20_001),
    ],
)
def test_a_refusal_uses_the_words_of_the_file(house: House, column: str, value: str) -> None:
    house.taken("candidates", "id\n1\n")
    values = {"candidate": "1", "kind": "note-written", "at": "2024-01-05", "note": "", "machine": "", "purpose": ""}
    values[column] = value
    text = io.StringIO()
    csv.writer(text).writerows([NAMED.values(), values.values()])
    wording = Wording.model_validate({"columns": NAMED})
    path = house.file("t.csv", text.getvalue())
    assert house.import_("touchpoints", path, wording=wording).standing.rejected == 1
    csv.field_size_limit(LONGEST_LINE)
    (row,) = rows_of(house.rejected(path))
    assert row["perennial_where"] == NAMED[column]
    assert f"'{column}'" not in row["perennial_reason"] + row["perennial_what_to_do"]
    assert "occurred_at" not in row["perennial_reason"] + row["perennial_what_to_do"]


def test_leading_zeros_stay(house: House) -> None:
    house.taken("candidates", "id;phones;name\n007;0049 30 1234567;Ana\n7;;Bo\n")
    assert named(house, "007").phones == ("0049 30 1234567",)
    assert named(house, "7").name == "Bo"


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("45296", "2024-01-05T12:00:00"),
        ("45296,5", "2024-01-05T12:00:00"),
        ("45296.75", "2024-01-05T18:00:00"),
        ("61", "1900-03-01T12:00:00"),
    ],
)
def test_a_spreadsheets_number_of_a_day_is_read_where_the_mapping_says_so(house: House, cell: str, at: str) -> None:
    text = f"id;at\n1;{cell}\n"
    wording = Wording.model_validate({"writing": {"times": ["excel"], "zone": "UTC"}})
    house.taken("candidates", text, wording=wording)
    (sourced,) = house.history("candidate", "1")
    assert sourced.at.replace(tzinfo=None).isoformat() == at


def test_such_a_number_is_refused_with_a_hint_where_it_does_not(house: House) -> None:
    path = house.file("c.csv", "id;at\n1;45296\n2;45296,5\n")
    assert house.import_("candidates", path).standing.reasons == {"time-is-number": 2}
    assert rows_of_semicolons(house.rejected(path))[0]["perennial_what_to_do"].endswith('times = ["excel"].')


def test_a_decimal_comma_parts_no_cell_in_a_file_of_semicolons(house: House) -> None:
    house.taken("candidates", "id;name;lives_in\n1;Ana;1,5 km north of Ulm\n")
    (_, learned) = house.history("candidate", "1")
    assert learned.event.value == "1,5 km north of Ulm"  # type: ignore[attr-defined]  # that event has it


FORMULAS = ["=cmd|' /C calc'!A0", "+1 555 0101", "-2", "@x", "\t=1", "＝1+1", "'=1", "''=1", "'", " =1"]


@given(
    names=st.lists(st.sampled_from(FORMULAS) | st.text(max_size=8).filter(lambda text: "\0" not in text), min_size=1)
)
@example(["0\r0", "0\r\n0", "0\n0", "0\x850", "0\u20280"])
@settings(ANY, max_examples=30)
def test_rejected_formulas_are_text_and_come_back_as_they_were(house: House, names: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [["id", "at", "=name"], *([n, "never", name] for n, name in enumerate(names))]
    )
    wording = Wording.model_validate({"columns": {"name": "=name"}})
    source = f"s{abs(hash(tuple(names))) % 10**9}"
    path = house.file(f"{source}.csv", text.getvalue())
    house.import_("candidates", path, wording=wording, system=source)
    rejected = house.rejected(path)
    with rejected.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    cells, own = [cell for row in rows for cell in row], [row[4:] for row in rows]
    assert not [cell for cell in cells if cell.lstrip()[:1] in set("=+-@＝＋－＠") or cell[:1] in set("\t\r\n")]
    house.import_("candidates", rejected, wording=wording, system=source)
    with house.rejected(rejected).open(newline="", encoding="utf-8") as file:
        assert [row[4:] for row in csv.reader(file)] == own, "rejected again it is as it was"
    # As bytes: text that is read as lines has other ends of line in its cells.
    rejected.write_bytes(rejected.read_bytes().replace(b"never", b"2024-01-05"))
    house.import_("candidates", rejected, wording=wording, system=source)
    entries = [
        house.importer.log.history(house.stream("candidate", str(n), source))[0].event for n in range(len(names))
    ]
    assert [entry.name for entry in entries] == [name.strip() or None for name in names]  # type: ignore[attr-defined]  # it has


def test_a_file_that_is_not_ours_keeps_its_apostrophes(house: House) -> None:
    house.taken("candidates", "id,name\n1,'=1\n")
    assert named(house, "1").name == "'=1"


def test_memory_is_bounded_in_any_encoding(house: House, importer: Importer) -> None:
    text = "id;name\n" + "".join(f"{n};Zoë {'x' * 200}\n" for n in range(20_000))
    path = written(house, text.encode("utf-16"))
    order = Order(path, "candidates", SYSTEM, "csv")
    tracemalloc.start()
    with path.open("rb") as file:
        assert sum(1 for _ in order.settled().open(file).lines()) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_text_file_is_imported_by_a_format_that_is_named(house: House) -> None:
    path = written(house, b"id\tname\n1\tAna\n", "export.txt")
    report = house.importer.import_file(Order(path, "candidates", SYSTEM, "csv"), {REJECTED: None, OUTCOMES: None})
    assert (report.standing.added, report.writing.delimiter) == (1, "\t")
