"""Stores on disk how far an import has come and which lines it rejected, consistent with the log after any crash."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

LINES = 40
END = (1 << LINES) - 1
"""Where a round stands when it is through; no file has so many lines."""
REJECTED, OUTCOMES, STATE = "rejected", "outcomes", "state.json"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an import has come. `round`: how often the file has been begun, from 1. `line`: the last line that was
    imported.

    `sizes`: the lengths of the sheets, in bytes. `reasons`: rejected lines by rule. `notes`: added lines with a note.
    """

    round: int
    line: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0
    events: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number that the log stores: it rises with every block, and from round to round."""
        return (self.round << LINES) + self.line

    @property
    def lines(self) -> int:
        return self.added + self.known + self.rejected


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a block of lines: how many of each outcome, the events, and the text for each sheet."""

    line: int
    added: int
    known: int
    events: int
    rules: Sequence[str]
    notes: Sequence[str]
    sheets: Mapping[str, str]


@dataclass(slots=True)
class Ledger:
    """The folder of one import. `heads`: what each sheet begins with.

    What is about to be committed is written before (`propose`). After a crash the number in the log belongs to one of
    the two standings on disk, and says which of them was committed.
    """

    folder: Path
    heads: Mapping[str, str] = field(default_factory=dict)
    kept: Standing = field(default_factory=lambda: Standing(1))

    def resume(self, number: int) -> Standing:
        """Return the standing at which to go on, given the number in the log. A standing that was never committed is
        forgotten."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reached = next(
            (standing for standing in self._written() if standing.number == number and self._holds(standing)), None
        )
        self.kept = Standing((number >> LINES) + 1) if reached is None or reached.line == END else reached
        self._write(self.kept, None)
        for sheet in (REJECTED, OUTCOMES):
            self._cut(sheet)
        return self.kept

    def propose(self, decided: Decided) -> Standing:
        """Write and return the standing after this block, and its sheets; may be repeated for the same block."""
        reasons, notes = Counter(self.kept.reasons), Counter(self.kept.notes)
        reasons.update(decided.rules)
        notes.update(decided.notes)
        sizes = {**self.kept.sizes, **{name: self._add(name, text) for name, text in decided.sheets.items() if text}}
        proposed = replace(
            self.kept,
            line=decided.line,
            added=self.kept.added + decided.added,
            known=self.kept.known + decided.known,
            rejected=self.kept.rejected + len(decided.rules),
            events=self.kept.events + decided.events,
            reasons=dict(reasons),
            notes=dict(notes),
            sizes=sizes,
        )
        self._write(self.kept, proposed)
        return proposed

    def keep(self, standing: Standing) -> None:
        """Record that the standing is committed."""
        self.kept = standing

    def ended(self) -> Standing:
        """Return the standing of a file that is through."""
        return replace(self.kept, line=END)

    def end(self) -> None:
        """Record that the end of the file is committed."""
        self.kept = self.ended()
        self._write(self.kept, None)

    def newest(self) -> Standing:
        """Return the newest standing, for display; a block that is being committed counts as committed."""
        return next(reversed(self._written()), Standing(1))

    def _written(self) -> list[Standing]:
        try:
            states = json.loads((self.folder / STATE).read_text())
            return [Standing(**state) for state in states if state is not None]
        except (OSError, ValueError, TypeError):
            return []  # none, or half of one: then the file is begun again, and lines that are known add nothing

    def _holds(self, standing: Standing) -> bool:
        """Return whether the sheets have at least the lengths of the standing."""
        return all(self._size(name) >= size for name, size in standing.sizes.items())

    def _write(self, *standings: Standing | None) -> None:
        written = json.dumps([None if standing is None else asdict(standing) for standing in standings])
        beside = self.folder / f"{STATE}.new"
        beside.write_text(written)
        beside.replace(self.folder / STATE)

    def _add(self, name: str, text: str) -> int:
        """Write after what is committed of the sheet; its length then."""
        self._cut(name)
        with (self.folder / name).open("ab") as sheet:
            sheet.write((text if sheet.tell() else self.heads.get(name, "") + text).encode())
            sheet.flush()
            os.fsync(sheet.fileno())
            return sheet.tell()

    def _cut(self, name: str) -> None:
        """Take away what is not committed."""
        if self._size(name) > self.kept.sizes.get(name, 0):
            os.truncate(self.folder / name, self.kept.sizes.get(name, 0))

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0
