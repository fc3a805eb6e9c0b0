"""What stands in an address column of a real file: several addresses, placeholders, and what cannot be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap import VERB_OF
from commands.attached import Attached
from commands.handle import Occasion, handle
from commands.request_erasure import RequestErasure
from domain.candidate import CandidateSourced
from domain.event import Recorded
from domain.suppression import ERASED, AddressSuppressed
from tests.adapters.intake.imports.conftest import House

HEAD = "id,at,name,emails,phones\n"


def line(number: str, emails: str, phones: str = "") -> str:
    return f'{number},2026-01-05,Name {number},"{emails}","{phones}"\n'


def entry(house: House, number: str) -> CandidateSourced:
    (entered,) = [recorded.event for recorded in house.importer.log.history(house.stream("candidate", number))]
    assert isinstance(entered, CandidateSourced)
    return entered


def erase(house: House, record: UUID) -> None:
    command = RequestErasure(candidate=record, now=datetime.now(UTC))
    handle(house.importer.log, VERB_OF, Occasion(uuid4(), "user:priya", command.now), lambda: (command,))


def test_a_cell_of_several_addresses_is_split_and_each_stands_once(house: House) -> None:
    text = HEAD + line("1", "Ana@x.example, ana@X.example / bo@y.example", "+49 30 1234567 / +49 171 7654321")
    assert house.import_("candidates", house.file("c.csv", text)).standing.added == 1
    assert entry(house, "1").emails == ("Ana@x.example", "bo@y.example")
    assert entry(house, "1").phones == ("+49 30 1234567", "+49 171 7654321")
    again = house.import_("candidates", house.file("again.csv", text + "\n"))
    assert (again.standing.known, again.standing.events) == (1, 0)
    assert entry(house, "1").emails == ("Ana@x.example", "bo@y.example")


def test_a_placeholder_is_an_empty_cell(house: House) -> None:
    text = HEAD + line("1", "n/a", "000000") + line("2", "noemail@noemail.com; ana@x.example", "-")
    assert house.import_("candidates", house.file("c.csv", text)).standing.added == 2
    assert (entry(house, "1").emails, entry(house, "1").phones) == ((), ())
    assert entry(house, "2").emails == ("ana@x.example",)
    erase(house, house.stream("candidate", "1"))
    others = HEAD + line("3", "n/a", "000000")
    assert house.import_("candidates", house.file("d.csv", others)).standing.added == 1


@pytest.mark.parametrize(("emails", "phones", "where"), [("ana at x", "", "emails"), ("", "call me", "phones")])
def test_what_cannot_be_read_rejects_its_line_and_is_kept_to_be_mended(
    house: House, emails: str, phones: str, where: str
) -> None:
    path = house.file("c.csv", HEAD + line("1", emails, phones) + line("2", "bo@y.example"))
    report = house.import_("candidates", path)
    assert (report.standing.added, dict(report.standing.reasons)) == (1, {"address-cannot-be-read": 1})
    rejected = house.rejected(path).read_text()
    assert where in rejected
    assert (emails or phones) in rejected


SPELLINGS = (
    "ana@x.example", "ana@x.example, bo@y.example", "Ana <ANA@x.example>", "mailto:ana@x.example",
    "bo@y.example | ana@x.example",
    "ana@x.example garbage@", "ａna@x.example", "n/a, ana@x.example", "bo@y.example;Ana <ana@x.example>",
)  # fmt: skip


def test_no_spelling_of_an_erased_address_comes_in_and_the_line_says_which_it_was(house: House) -> None:
    house.taken("candidates", HEAD + line("1", "ana@x.example", "+49 30 1234567"))
    erase(house, house.stream("candidate", "1"))
    lines = [line(str(n), text) for n, text in enumerate(SPELLINGS, 10)]
    path = house.file("again.csv", HEAD + "".join(lines) + line("99", "", "+49 (0)30 1234567 x12"))
    report = house.import_("candidates", path)
    assert dict(report.standing.reasons) == {"address-is-suppressed": len(SPELLINGS) + 1}
    rejected = house.rejected(path).read_text()
    assert "x.example" not in rejected
    assert "1234567" not in rejected
    rows = rejected.splitlines()[1:]
    for row, number in zip(rows, [*range(10, 10 + len(SPELLINGS)), 99], strict=True):
        assert f",{number}," in row.replace('"', "") or row.endswith(f",{number},,,,")
    assert "phones" in rows[-1]


def test_an_id_that_is_the_address_itself_is_not_written_down(house: House) -> None:
    house.taken("candidates", HEAD + line("1", "ana@x.example"))
    erase(house, house.stream("candidate", "1"))
    path = house.file("again.ndjson", json.dumps({"id": "ana@x.example", "emails": ["ana@x.example"]}) + "\n")
    assert house.import_("candidates", path).standing.rejected == 1
    assert "x.example" not in house.rejected(path).read_text()


def test_a_cell_that_an_older_version_suppressed_as_a_whole_stays_out(house: House) -> None:
    log = house.importer.log
    whole = "ana@x.example, bo@y.example"
    former = log.addresses.former("email", whole).stream
    log.append(
        [Recorded(former, 1, AddressSuppressed("email", ERASED), uuid4(), datetime.now(UTC), correlation=uuid4())],
        Attached(),
    )
    path = house.file("c.csv", HEAD + line("1", whole) + line("2", "bo@y.example"))
    report = house.import_("candidates", path)
    assert (report.standing.added, dict(report.standing.reasons)) == (1, {"address-is-suppressed": 1})
