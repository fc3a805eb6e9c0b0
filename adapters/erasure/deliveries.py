"""What outside systems sent about the person is kept without its body: that it came, and what came of it, stays."""

from __future__ import annotations

from adapters.erasure.eraser import Eraser, Holdings, Person


def erase(holdings: Holdings, person: Person) -> int:
    return holdings.erasures.empty_deliveries(person.records)


ERASER = Eraser("deliveries", erase)
