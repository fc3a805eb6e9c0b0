"""Uploads that wait to be imported, and lines that an import rejected, say nothing of the person any more."""

from __future__ import annotations

from adapters.erasure.eraser import Eraser, EraserMustWait, Holdings, Person
from adapters.imports.forgetting import forget, sought
from adapters.imports.refusals import ImportIsAtWork

NAME = "imports"


def erase(holdings: Holdings, person: Person) -> int:
    key_file = holdings.log.mapper.keyring.key_file
    try:
        return forget(holdings.shelf, key_file, sought(person.records, person.addresses))
    except ImportIsAtWork:
        raise EraserMustWait(NAME, "an import that names the person is at work") from None


ERASER = Eraser(NAME, erase)
