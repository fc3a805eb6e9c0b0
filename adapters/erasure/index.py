"""Every holder of personal data outside the log: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.erasure.imports import erase_imports
from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.erasures import Erasures
from commands.workflows.erase_person import Eraser, Person


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where people's data may be held."""

    log: EventLog
    erasures: Erasures
    uploads: UploadStore


Steps = Mapping[str, Callable[[Holdings, Person], int]]
"""The erasers by their names, which are stored, in the order in which they run."""

WHILE_IT_CAN_BE_READ: Steps = {
    "searches": lambda holdings, person: holdings.erasures.destroy_searches(person.records),
    "imports": lambda holdings, person: erase_imports(holdings.log, holdings.uploads, person),
}
"""Before the keys are destroyed. What was typed into searches has keys of its own, and needs to wait for nothing; files
are searched for what can still be read of the person."""

AFTER_THE_KEYS: Steps = {
    "deliveries": lambda holdings, person: holdings.erasures.empty_deliveries(person.records),
    "idempotency": lambda holdings, person: holdings.erasures.forget_answers(person.records),
    "keyring": lambda holdings, person: holdings.log.mapper.keyring.lose(person.records),
}
"""Once nothing can be sealed for the person any more, so that nothing is added after them. `keyring`: the keys that
this process remembers; other processes look a key up before they seal with it."""


def erasers(steps: Steps, holdings: Holdings) -> tuple[Eraser, ...]:
    """Return the erasers of these steps over the holdings."""

    def bound(erase: Callable[[Holdings, Person], int]) -> Callable[[Person], int]:
        return lambda person: erase(holdings, person)

    return tuple(Eraser(name, bound(erase)) for name, erase in steps.items())
