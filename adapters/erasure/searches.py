"""What was typed into searches that showed the person can be read no more; who searched when, and saw whom, stays."""

from __future__ import annotations

from adapters.erasure.eraser import Eraser, Holdings, Person


def erase(holdings: Holdings, person: Person) -> int:
    return holdings.erasures.destroy_searches(person.records)


ERASER = Eraser("searches", erase)
