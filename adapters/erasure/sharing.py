"""How many other people have an address of the person: from the erasure on their address is kept out as well."""

from __future__ import annotations

import time

from adapters.erasure.eraser import Holdings, Person
from adapters.postgres.projector import folds
from projections.directory import DIRECTORY, EVIDENCE
from queries.sharers import sharers

PATIENCE_SECONDS, LOOK_EVERY_SECONDS = 3.0, 0.05


def others_shut_out(holdings: Holdings, person: Person) -> int | None:
    """The number of living people apart from this one; None where the directory is not up to date.

    `person` must still be readable.
    """
    log = holdings.log
    hashes = [(EVIDENCE[kind], key) for kind, text in person.addresses for key in log.addresses.blinds(kind, text)]
    if not hashes:
        return 0
    log.recorder.barrier.expire()
    head, give_up = log.recorder.barrier.head(), time.monotonic() + PATIENCE_SECONDS
    with log.recorder.datastore.pool.connection() as connection:
        while folds.position_of(connection, DIRECTORY.schema) < head:
            if time.monotonic() > give_up:
                return None
            time.sleep(LOOK_EVERY_SECONDS)
        found = sharers(connection, hashes, person.records)
    return len(found - holdings.erasures.asked_for(found))
