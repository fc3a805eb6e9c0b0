"""How many other people have an address of the person: from the erasure on their address is kept out as well."""

from __future__ import annotations

from functools import partial

from adapters.erasure.eraser import Holdings, Person
from adapters.postgres.projector import folds
from adapters.postgres.projector.waiting import wait_until_folded
from projections.directory import DIRECTORY, EVIDENCE
from queries.sharers import sharers

PATIENCE_SECONDS = 3.0


def others_shut_out(holdings: Holdings, person: Person) -> int | None:
    """The number of living people apart from this one; None where the directory is not up to date.

    `person` must still be readable.
    """
    log = holdings.log
    hashes = [(EVIDENCE[kind], key) for kind, text in person.addresses for key in log.addresses.blinds(kind, text)]
    if not hashes:
        return 0
    log.recorder.barrier.expire()
    with log.recorder.datastore.pool.connection() as connection:
        if wait_until_folded(
            partial(folds.position_of, connection), [DIRECTORY.schema], log.recorder.barrier.head(), PATIENCE_SECONDS
        ):
            return None
        found = sharers(connection, hashes, person.records)
    return len(found - holdings.erasures.asked_for(found))
