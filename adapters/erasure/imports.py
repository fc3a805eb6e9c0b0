"""Uploads that wait to be imported, and lines that an import rejected, say nothing of the person any more."""

from __future__ import annotations

from adapters.erasure.eraser import Eraser, EraserMustWait, Holdings, Person
from adapters.intake.imports.forgetting import forget, sought
from adapters.intake.imports.refusals import ImportIsAtWork

NAME = "imports"


def erase(holdings: Holdings, person: Person) -> int:
    key_file, reader = holdings.log.mapper.keyring.key_file, holdings.log.addresses
    read = {(kind, text): reader.forms(kind, text) for kind, text in person.addresses}
    addresses = [address for address, forms in read.items() if forms]  # a placeholder stands in lines about others
    forms = [(kind, form) for (kind, _), known in read.items() for form in known]
    try:
        return forget(holdings.uploads, key_file, sought(person.records, addresses, forms, reader.region))
    except ImportIsAtWork:
        raise EraserMustWait(NAME, "an import that names the person is at work") from None


ERASER = Eraser(NAME, erase)
