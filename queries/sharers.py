"""Who else has an address: the other people of the directory who would be kept out with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import psycopg

from queries.directory import ask

_SHARERS = """
select distinct clue.person
from unnest(%(evidence)s::text[], %(keys)s::text[]) sought (evidence, key)
join directory.clue on clue.key = sought.key and clue.evidence = sought.evidence
where not clue.person = any (%(except)s)
"""


def sharers(
    connection: psycopg.Connection[Any], hashes: Collection[tuple[str, str]], but: Collection[UUID]
) -> set[UUID]:
    """Return the people who have one of the addresses, given as (evidence, keyed hash) as the directory keeps them.

    but: records that do not count.
    """
    values = {"evidence": [evidence for evidence, _ in hashes], "keys": [key for _, key in hashes], "except": list(but)}
    return {row["person"] for row in ask(connection, _SHARERS, values)}
