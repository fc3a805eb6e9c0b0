"""Where a file comes from: whatever it names has one stream for ever, whoever names it first."""

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
        """The stream of an outside record, or the id of something else that was named outside; the same as a webhook
        of that system gives it."""
        named = (system or self.system, kind, outside_id)
        known = self._streams.get(named)
        if known is None:
            if len(self._streams) >= REMEMBERED:
                self._streams.clear()
            known = self._streams[named] = self.key_file.stream_of(*named)
        return known

    def candidate(self, row: Row) -> UUID:
        """The candidate that a line names. Errors: ValueIsMissing."""
        return self.stream("candidate", row.needed("candidate"), row.text("candidate_system"))
