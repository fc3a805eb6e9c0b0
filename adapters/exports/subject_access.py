"""The report on everything that is stored about one person, recorded as an export before it is given out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.access.principal import Principal
from adapters.access.recording import Readings
from adapters.postgres.projector.waiting import ReadModelIsBehind, wait_until_folded
from domain.streams import Loads
from queries.person import person_of
from queries.subject_access import READ_MODELS, SubjectAccess, SubjectSources, subject_access

HOLDS = ("personal", "clear", "deliveries", "accesses")
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SubjectReports:
    """Writes reports on people. `head`: the position up to which the log is settled."""

    log: Loads
    sources: SubjectSources
    readings: Readings
    head: Callable[[], int]
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def report_on(self, candidate: UUID, principal: Principal) -> SubjectAccess:
        """Return the report and record it as an export. Errors: CandidateDoesNotExist, ReadModelIsBehind."""
        person = person_of(self.log, candidate)
        self._require_folded()
        answer = subject_access(self.sources, person, self.new_id(), self.now())
        self.readings.exported(principal, "subject-access", person.ids, HOLDS, answer.export)
        return answer

    def _require_folded(self) -> None:
        """Wait until the read models of the report have folded the log up to its head. Errors: ReadModelIsBehind."""
        head = self.head()
        names = [model.name for model in READ_MODELS]
        behind = wait_until_folded(self.sources.position_of, names, head, PATIENCE_SECONDS)
        if behind is not None:
            raise ReadModelIsBehind(
                name=behind.name, position=behind.position, wanted=head, seconds=int(PATIENCE_SECONDS)
            )
