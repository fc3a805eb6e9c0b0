"""A block of lines on its way into the log: what each comes to, and what became of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from adapters.intake.addresses import plain
from adapters.intake.imports.kinds import Kind, line_id, owner_of, record_of
from adapters.intake.imports.ledger import OUTCOMES, REJECTED, Decided
from adapters.intake.imports.lines import OURS, Line, Opened
from adapters.intake.imports.mapping import Translator, Wording
from adapters.intake.imports.naming import in_words
from adapters.intake.imports.origin import Origin
from adapters.intake.imports.refusals import PersonOfTheLineWasErased
from adapters.intake.imports.row import FOLD, GAP, Manner, Row
from adapters.intake.spreadsheets import neutral
from commands.handle import Intention, Occasion, Result
from commands.log import Log
from commands.verb import Command
from domain.candidate import CandidateIsErased
from domain.errors import Refused
from domain.event import Event, Recorded
from domain.suppression import AddressIsSuppressed

REFUSAL_COLUMNS = tuple(f"{OURS}{name}" for name in ("line", "where", "reason", "what_to_do"))
"""The columns that explain a rejected line in its file. An import ignores them."""
NOT_KEPT = (CandidateIsErased, PersonOfTheLineWasErased, AddressIsSuppressed)
OUTCOME_HEAD = ("line", "outcome", "rule", "where", "reason", "what_to_do")


class Entry(NamedTuple):
    """A line as it was read: its values under our names, or what is wrong with it. `record`: the id of the record that
    it needs, where there is one."""

    line: Line
    row: Row | Refused
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads lines into rows. `about_records`: each line needs the record that it is about."""

    kind: str
    translate: Translator
    manner: Manner
    about_records: bool

    def read(self, line: Line) -> Entry:
        try:
            if line.wrong is not None:
                raise line.wrong
            row = Row(self.kind, self.translate(line.values), self.manner)
            return Entry(line, row, row.text("id") if self.about_records else None)
        except Refused as wrong:
            return Entry(line, wrong)


@dataclass(slots=True)
class Block:
    """Lines of one file that are decided together; no two of them need the same record.

    `name`: the kind of the lines. `wording`: what the file calls our columns. `intentions`: what the lines request, by
    their number. `refused`: the lines that request nothing, and why.
    """

    name: str
    kind: Kind
    origin: Origin
    log: Log
    entries: Sequence[Entry]
    wording: Wording
    intentions: dict[int, Intention] = field(default_factory=dict)
    refused: dict[int, Refused] = field(default_factory=dict)
    _records: Mapping[UUID, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        actor = f"import:{self.origin.system}"
        for number, entry in enumerate(self.entries):
            try:
                if isinstance(entry.row, Refused):
                    raise entry.row
                command_id = line_id(self.kind, entry.row, self.origin)
                record_of(self.kind, entry.row, self.origin)
            except Refused as wrong:
                self.refused[number] = wrong
            else:
                occasion = Occasion(command_id, actor, self.origin.now)
                self.intentions[number] = Intention(occasion, partial(self._plan, number, entry.row))

    def refuse_erased(self, erased: Container[UUID]) -> int:
        """Refuse the lines about these people, and return how many that were."""
        about = [number for number in self.intentions if self._owner(number) in erased]
        for number in about:
            del self.intentions[number]
            self.refused[number] = PersonOfTheLineWasErased()
        return len(about)

    def owners(self) -> set[UUID]:
        """Return the people and jobs that the lines are about."""
        return {owner for number in self.intentions if (owner := self._owner(number)) is not None}

    def _owner(self, number: int) -> UUID | None:
        """Return whom a line is about; None where it does not say, for which it is refused when it is planned."""
        row = self.entries[number].row
        try:
            return None if isinstance(row, Refused) else owner_of(self.kind, row, self.origin)
        except Refused:
            return None

    def _plan(self, number: int, row: Row) -> Sequence[Command]:
        """Return the commands of a line. Every attempt begins with the first line, and loads the records anew there."""
        if self.kind.record is None:
            return list(self.kind.plan(row, self.origin, self.intentions[number].occasion.command_id))
        if number == next(iter(self.intentions)):
            self._records = self.log.load_all(dict.fromkeys(map(self._record, self.intentions), self.kind.record))
        return list(self.kind.plan(row, self.origin, self._records[self._record(number)].state))

    def _record(self, number: int) -> UUID:
        row = self.entries[number].row
        return self.origin.stream(self.kind.named, "" if isinstance(row, Refused) else row.needed("id"))

    def decided(self, results: Sequence[Result], opened: Opened, *, per_line: bool) -> Decided:
        """Return what became of the lines. Errors: any failure that is no refusal, which is our own mistake."""
        outcome: dict[int, Result] = {**dict(zip(self.intentions, results, strict=True)), **self.refused}
        failed = next((result for result in outcome.values() if is_failure(result)), None)
        if isinstance(failed, Exception):
            raise failed
        refusals = {
            n: in_words(self.name, self.wording, result)
            for n, result in sorted(outcome.items())
            if isinstance(result, Refused)
        }
        outcome.update(refusals)
        added = [result for result in outcome.values() if not isinstance(result, Exception) and result.events]
        return Decided(
            line=self.entries[-1].line.last,
            added=len(added),
            known=len(outcome) - len(added) - len(refusals),
            events=sum(len(result.events) for result in added),
            rules=[refusal.rule() for refusal in refusals.values()],
            notes=[note for result in added if (note := note_on(result.events)) is not None],
            sheets={
                REJECTED: "".join(self._rejected(number, refusal, opened) for number, refusal in refusals.items()),
                OUTCOMES: self._outcome_rows(outcome) if per_line else "",
            },
        )

    def _rejected(self, number: int, refusal: Refused, opened: Opened) -> str:
        """Return the line for the file of rejected lines.

        Of a person who must not come back it has the reason alone. Where only an address of theirs is in the line it
        keeps the id: the line may be about another person, whom the id names in its system.
        """
        line = self.entries[number].line
        if isinstance(refusal, NOT_KEPT):
            kept = self._id_to_keep(number) if isinstance(refusal, AddressIsSuppressed) else None
            return opened.rejected(only_id(line, kept), refusal_cells(line, refusal))
        return opened.rejected(line, refusal_cells(line, refusal))

    def _id_to_keep(self, number: int) -> str | None:
        """Return the id of the record, unless the id itself is an address."""
        kept, row = self.entries[number].record, self.entries[number].row
        if kept is None or isinstance(row, Refused):
            return None
        addresses = self.origin.addresses
        phones = {form for text in row.texts("phones") for form in addresses.forms("phone", text)}
        is_address = "@" in plain(kept) or not phones.isdisjoint(addresses.forms("phone", kept))
        return None if is_address else kept

    def _outcome_rows(self, outcome: Mapping[int, Result]) -> str:
        """Return one CSV row for each line."""
        written = io.StringIO()
        rows = csv.writer(written, lineterminator="\n")
        for number, entry in enumerate(self.entries):
            result, at = outcome[number], entry.line.number
            if isinstance(result, Refused):
                cells = (at, "rejected", result.rule(), result.where, result.what, result.what_to_do)
                rows.writerow([cells[0], *map(neutral, cells[1:])])
            else:
                events = () if isinstance(result, Exception) else result.events
                note = note_on(events)
                rows.writerow((at, "added" if events else "known", note or "", "", NOTES.get(note or "", ""), ""))
        return written.getvalue()


def only_id(line: Line, kept: str | None) -> Line:
    """Return the line with nothing in it but the id."""
    cells = ["" if kept is None or cell.strip() != kept else cell for cell in line.cells]
    values = {name: value for name, value in line.values.items() if kept is not None and str(value).strip() == kept}
    return line._replace(values=values, cells=cells, text="")


NOTES: Mapping[str, str] = {
    "local-time-was-skipped": "The clocks skipped this local time; it is read as long after the change as was skipped.",
    "local-time-was-twice": "The clocks showed this local time twice; it is read as the first.",
}
"""The notes on a line that was added, by their code."""


def note_on(events: Sequence[Recorded[Event]]) -> str | None:
    """Return the note on how a line was read, if there is one."""
    for event in events:
        if event.occurred_how.endswith(f".{GAP}"):
            return "local-time-was-skipped"
        if event.occurred_how.endswith(f".{FOLD}"):
            return "local-time-was-twice"
    return None


def is_failure(result: Result) -> bool:
    return isinstance(result, Exception) and not isinstance(result, Refused)


def refusal_cells(line: Line, refusal: Refused) -> dict[str, str]:
    """Return the values of the columns that explain why a line was rejected."""
    return dict(zip(REFUSAL_COLUMNS, (str(line.number), refusal.where, refusal.what, refusal.what_to_do), strict=True))


def outcome_head() -> str:
    return ",".join(OUTCOME_HEAD) + "\n"
