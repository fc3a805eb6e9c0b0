"""Identifies the records that a file names: each has one stream for ever, in whichever file or delivery it is first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from adapters.intake.addresses import AddressReader
from adapters.intake.imports.row import Row
from adapters.postgres.keys.key_file import KeyFile

REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Origin:
    """The system that a file was exported from, by its code, and the time at which its lines are taken in."""

    system: str
    key_file: KeyFile
    now: datetime
    region: str | None = None
    """The country of phone numbers that name none."""
    _streams: dict[tuple[str, str, str], UUID] = field(default_factory=dict)

    @property
    def addresses(self) -> AddressReader:
        return AddressReader(self.key_file, self.region)

    def stream(self, kind: str, outside_id: str, system: str | None = None) -> UUID:
        """Return the stream of an outside record, or the id of something else that was named outside. A webhook of that
        system gives the same."""
        named = (system or self.system, kind, outside_id)
        stream = self._streams.get(named)
        if stream is None:
            if len(self._streams) >= REMEMBERED:
                self._streams.clear()
            stream = self._streams[named] = self.key_file.stream_of(*named)
        return stream

    def candidate(self, row: Row) -> UUID:
        """Return the candidate that a line names. Errors: ValueIsMissing."""
        return self.stream("candidate", row.needed("candidate"), row.text("candidate_system"))
