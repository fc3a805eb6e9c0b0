"""What was answered to requests about the person is forgotten; their keys stay taken, so that nothing is done again."""

from __future__ import annotations

from adapters.erasure.eraser import Eraser, Holdings, Person


def erase(holdings: Holdings, person: Person) -> int:
    return holdings.erasures.forget_answers(person.records)


ERASER = Eraser("idempotency", erase)
