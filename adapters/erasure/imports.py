"""Removes a person from uploads that wait to be imported and from lines that an import rejected."""

from __future__ import annotations

from adapters.intake.imports.forgetting import forget, sought
from adapters.intake.imports.refusals import ImportIsAtWork
from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.log.event_log import EventLog
from commands.workflows.erase_person import EraserMustWait, Person

NAME = "imports"


def erase_imports(log: EventLog, uploads: UploadStore, person: Person) -> int:
    """Return how many lines were removed. Errors: EraserMustWait."""
    key_file, reader = log.mapper.keyring.key_file, log.addresses
    read = {(kind, text): reader.forms(kind, text) for kind, text in person.addresses}
    addresses = [address for address, forms in read.items() if forms]  # a placeholder stands in lines about others
    forms = [(kind, form) for (kind, _), forms_read in read.items() for form in forms_read]
    try:
        return forget(uploads, key_file, sought(person.records, addresses, forms, reader.region))
    except ImportIsAtWork:
        raise EraserMustWait(NAME, "an import that names the person is at work") from None
