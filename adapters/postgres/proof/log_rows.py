"""What `verify --log` reads: one snapshot of rows, leaves, tiles and checkpoints, shared by all who work on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.rows import tuple_row

from adapters.postgres.proof.tree_rows import ROW, origin_of, stored_rows
from adapters.proof.leaf import StoredRow

Connection = psycopg.Connection[Any]
BEFORE_ALL = -(2**63)
COLUMNS = len(StoredRow._fields)
_COLUMNS_OF_EVENT = ROW.replace(" position,", " e.position,")
CHUNK = f"""
    select {_COLUMNS_OF_EVENT}, l.leaf_index, coalesce(e.position, l.position),
           e.kind is not distinct from (e.clear ->> 'kind')
               and e.message::text is not distinct from (e.clear ->> 'message')
    from (select * from event where position > %s and position <= %s) e
    full join (select * from leaf where position > %s and position <= %s) l on l.position = e.position
    order by coalesce(e.position, l.position)
"""
# The position of every so-manieth leaf, and of the last: what lies between two of them is a chunk.
CHUNK_ENDS = """
    select position from (select position, row_number() over w as n, lead(position) over w as next
                          from leaf window w as (order by position)) numbered
    where n %% %s = 0 or next is null order by position
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """The log's name; how many leaves there are; the last one's position; how many events come after it."""

    origin: str
    leaves: int
    last_position: int
    waiting: int


class Paired(NamedTuple):
    """An event and its leaf: either may be missing. `agrees`: its generated columns say what its clear data says."""

    row: StoredRow | None
    leaf_index: int | None
    position: int
    agrees: bool


@contextmanager
def snapshot(conninfo: str) -> Iterator[tuple[Connection, str]]:
    """Open a connection that sees one moment of the database; yield it and the name by which others see the same."""
    with reading(conninfo) as connection, connection.cursor(row_factory=tuple_row) as cursor:
        (name,) = cursor.execute("select pg_export_snapshot()").fetchone() or ("",)
        yield connection, name


@contextmanager
def reading(conninfo: str) -> Iterator[Connection]:
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def join(connection: Connection, name: str) -> None:
    """Make the connection see what the snapshot of that name sees."""
    connection.execute(sql.SQL("set transaction snapshot {}").format(sql.Literal(name)))


def extent(connection: Connection) -> Extent:
    with connection.cursor(row_factory=tuple_row) as cursor:
        (leaves, last) = cursor.execute("select count(*), max(position) from leaf").fetchone() or (0, None)
        after = BEFORE_ALL if last is None else last
        (waiting,) = cursor.execute("select count(*) from event where position > %s", (after,)).fetchone() or (0,)
    return Extent(origin_of(connection), leaves, after, waiting)


def chunk_ends(connection: Connection, leaves: int) -> list[int]:
    """Return the positions at which chunks of that many leaves end."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [position for (position,) in cursor.execute(CHUNK_ENDS.encode(), (leaves,))]


def chunk(connection: Connection, after: int, upto: int) -> Iterator[Paired]:
    """Events and leaves of after < position <= upto, paired, in order of position."""
    for columns in stored_rows(connection, CHUNK, (after, upto, after, upto)):
        row = None if columns[0] is None else StoredRow._make(columns[:COLUMNS])
        yield Paired(row, *columns[COLUMNS:])


def checkpoints(connection: Connection) -> list[tuple[int, str]]:
    """(size, note) of everything published, by size."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute("select size, note from checkpoint order by size").fetchall()


def verifier_keys(connection: Connection) -> list[str]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [key for (key,) in cursor.execute("select key from verifier_key order by since")]


def stored_tiles(connection: Connection, level: int, first: int, last: int) -> dict[int, bytes]:
    """Return the hashes of the tiles of that level from index first to last, by index."""
    query = "select index, data from tile where level = %s and index between %s and %s"
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        return {index: bytes(data) for index, data in cursor.execute(query, (level, first, last))}


def tiles_outside(connection: Connection, counts: Sequence[int]) -> list[tuple[int, int]]:
    """(level, index) of some tiles that a tree with so many tiles a level does not have."""
    query = """
        select t.level, t.index
        from tile t left join unnest(%s::bigint[]) with ordinality c(tiles, n) on c.n = t.level + 1
        where t.index < 0 or t.index >= coalesce(c.tiles, 0) order by t.level, t.index limit 10
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, (list(counts),)).fetchall()


def positions_of(connection: Connection, indexes: Sequence[int]) -> dict[int, int]:
    """Return the positions of those leaf indexes."""
    query = "select leaf_index, position from leaf where leaf_index = any(%s)"
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(query, (list(indexes),)).fetchall())
