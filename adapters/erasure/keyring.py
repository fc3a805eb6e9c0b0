"""The keys that this process remembers are forgotten, the person's among them; other processes ask before they seal."""

from __future__ import annotations

from adapters.erasure.eraser import Eraser, Holdings, Person


def erase(holdings: Holdings, person: Person) -> int:
    return holdings.log.mapper.keyring.lose(person.records)


ERASER = Eraser("keyring", erase)
