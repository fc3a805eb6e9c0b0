"""How far an import has come, and which lines it rejected: on disk, and true to the log whenever the process dies."""

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
    """`round`: how often the file has been begun, from 1. `line`: the last line of the file that was taken in.

    `sizes`: how long the sheets are then, in bytes. `reasons`: how many lines were rejected for which rule.
    `notes`: of how many that were added something is to be said.
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
        """What the log remembers of it: it rises with every block, and from round to round."""
        return (self.round << LINES) + self.line

    @property
    def lines(self) -> int:
        return self.added + self.known + self.rejected


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a block of lines: how many of each, the events, and what is to be written on which sheet."""

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

    What is about to be committed is written down before (`propose`), so that of a process that was killed the log
    itself says whether it was: the number that stands there belongs to one of the two standings on disk.
    """

    folder: Path
    heads: Mapping[str, str] = field(default_factory=dict)
    kept: Standing = field(default_factory=lambda: Standing(1))

    def resume(self, number: int) -> Standing:
        """Where to go on, given the number in the log; what was written down and never committed is forgotten."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = next((one for one in self._written() if one.number == number and self._holds(one)), None)
        self.kept = Standing((number >> LINES) + 1) if known is None or known.line == END else known
        self._write(self.kept, None)
        for sheet in (REJECTED, OUTCOMES):
            self._cut(sheet)
        return self.kept

    def propose(self, decided: Decided) -> Standing:
        """The standing once this block is committed, and its sheets; may be done again for the same block."""
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
        """It is committed."""
        self.kept = standing

    def ended(self) -> Standing:
        """The standing of a file that is through."""
        return replace(self.kept, line=END)

    def end(self) -> None:
        """It is committed that the file is through."""
        self.kept = self.ended()
        self._write(self.kept, None)

    def newest(self) -> Standing:
        """How things stand, for those who look on: of a block that is being committed as if it were."""
        return next(reversed(self._written()), Standing(1))

    def _written(self) -> list[Standing]:
        try:
            told = json.loads((self.folder / STATE).read_text())
            return [Standing(**one) for one in told if one is not None]
        except (OSError, ValueError, TypeError):
            return []  # none, or half of one: then the file is begun again, and lines that are known add nothing

    def _holds(self, standing: Standing) -> bool:
        """Whether the sheets have all that they had then."""
        return all(self._size(name) >= size for name, size in standing.sizes.items())

    def _write(self, *standings: Standing | None) -> None:
        written = json.dumps([None if one is None else asdict(one) for one in standings])
        beside = self.folder / f"{STATE}.new"
        beside.write_text(written)
        beside.replace(self.folder / STATE)

    def _add(self, name: str, text: str) -> int:
        """Writes after what is committed of the sheet; its length then."""
        self._cut(name)
        with (self.folder / name).open("ab") as sheet:
            sheet.write((text if sheet.tell() else self.heads.get(name, "") + text).encode())
            sheet.flush()
            os.fsync(sheet.fileno())
            return sheet.tell()

    def _cut(self, name: str) -> None:
        """Takes away what is not committed."""
        if self._size(name) > self.kept.sizes.get(name, 0):
            os.truncate(self.folder / name, self.kept.sizes.get(name, 0))

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0
