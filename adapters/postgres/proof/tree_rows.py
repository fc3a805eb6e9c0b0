"""The proofs as they are stored: rows for leaves, the leaf index, tiles, checkpoints; and how proofs are answered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg.rows import DictRow, tuple_row
from psycopg.types.numeric import Int8BinaryLoader

from adapters.proof.leaf import StoredRow, leaf_bytes
from adapters.proof.note import Checkpoint, read_checkpoint
from adapters.proof.tree import (
    HASH_BYTES,
    TILE_HEIGHT,
    Hashes,
    Pyramid,
    Tile,
    TiledTree,
    TreeIsSmaller,
    consistency_proof,
    hashes_of_pyramids,
    hashes_of_tiles,
    inclusion_proof,
    pyramid,
)
from domain.errors import ExplainedError

Connection = psycopg.Connection[Any]
SEQUENCER_LOCK = 7400005
ROW: LiteralString = """
    position, stream_id::text, stream_version, event_id::text, type, occurred_at, occurred_how, recorded_at, actor,
    causation_id::text, correlation_id::text, clear::text, people::text, state
"""
NEXT_ROWS: LiteralString = f"""
    select {ROW} from event where position > %s and position <= %s order by position limit %s
"""
ROW_OF_EVENT: LiteralString = f"""
    select {ROW}, (select leaf_index from leaf where leaf.position = event.position) from event where event_id = %s
"""
LATEST: LiteralString = "select size, note, signed_at from checkpoint order by size desc limit 1"
OF_SIZE: LiteralString = "select size, note, signed_at from checkpoint where size = %s"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was published; `note` is the whole signed text, `size` its number of leaves."""

    size: int
    note: str
    signed_at: datetime

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint of the note without checking the signature, which is left to readers of the note."""
        return read_checkpoint(self.note.rpartition("\n\n")[0] + "\n")


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That the event's leaf stands at `index` in the tree of `checkpoint`: `hashes` lead from it to the root."""

    index: int
    leaf: bytes
    hashes: Sequence[bytes]
    checkpoint: SignedCheckpoint


@dataclass(frozen=True, slots=True)
class Pending:
    """The event stands in the log, and no signed checkpoint covers it yet; ask again after a moment."""

    position: int


def stored_rows(connection: Connection, query: LiteralString, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows whose moments come as PostgreSQL counts them (microseconds since 2000): no year is too far away for that."""
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        cursor.adapters.register_loader("timestamptz", Int8BinaryLoader)
        return cursor.execute(query, values, prepare=True).fetchall()


def stored_row(columns: Sequence[Any]) -> StoredRow:
    return StoredRow._make(columns[: len(StoredRow._fields)])


def origin_of(connection: Connection) -> str:
    """Return the log's own name."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("select origin from log").fetchone()
    return str(row[0]) if row else ""


def tile_in(connection: Connection, level: int, index: int) -> bytes:
    """Return the hashes of a stored tile; empty if it is not stored."""
    tiles = tiles_in(connection, [(level, index)])
    return tiles.get((level, index), b"")


def tiles_in(connection: Connection, wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the hashes of those stored tiles that are (level, index)."""
    query = """
        select t.level, t.index, t.data from unnest(%s::integer[], %s::bigint[]) w(level, index)
        join tile t on t.level = w.level and t.index = w.index
    """
    levels, indexes = [level for level, _ in wanted], [index for _, index in wanted]
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(query, (levels, indexes), prepare=True).fetchall()
    return {(level, index): bytes(data) for level, index, data in rows}


class Tiles:
    """Reads proofs out of stored tiles, and remembers those that stand above others: they are few, asked for often.

    Of them only the last ever changes; a remembered one that is too narrow is read again.
    """

    REMEMBERED = 1024

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], Pyramid] = {}

    def proved(self, connection: Connection, prove: Callable[[Hashes], list[bytes]]) -> list[bytes]:
        """Return the proof that `prove` makes of hashes. It runs twice: to see which tiles it needs, and with those.

        Errors: TreeIsSmaller if the stored tiles do not reach as far.
        """
        wanted: dict[tuple[int, int], int] = {}

        def note_down(height: int, index: int) -> bytes:
            level, up = divmod(height, TILE_HEIGHT)
            begin, end = index << up, (index + 1) << up
            key = level, begin >> TILE_HEIGHT
            wanted[key] = max(wanted.get(key, 0), end - (key[1] << TILE_HEIGHT))
            return bytes(HASH_BYTES)

        prove(note_down)
        tiles = self._wanted_tiles(connection, wanted)
        return prove(hashes_of_pyramids(lambda level, index: tiles[level, index]))

    def _wanted_tiles(
        self, connection: Connection, wanted: Mapping[tuple[int, int], int]
    ) -> dict[tuple[int, int], Pyramid]:
        """Return the tiles, at least as wide as wanted if they are stored as wide."""
        tiles = {key: tile for key in wanted if (tile := self._tiles.get(key)) is not None}
        missing = [key for key, width in wanted.items() if len(tiles.get(key, NO_TILE)[0]) < width * HASH_BYTES]
        stored = tiles_in(connection, missing) if missing else {}
        for key in missing:
            tiles[key] = pyramid(stored.get(key, b""))
            if key[0] > 0:
                if len(self._tiles) >= self.REMEMBERED:
                    self._tiles.clear()
                self._tiles[key] = tiles[key]
        return tiles


NO_TILE = pyramid(b"")


class Proofs:
    """What is asked about the proofs. It reads and never writes; any role that reads the log may use it."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        self._connection = datastore.pool.connection
        self._origin = ""
        self._tiles = Tiles()

    def origin(self) -> str:
        if not self._origin:
            with self._connection() as connection:
                self._origin = origin_of(connection)
        return self._origin

    def verifier_key(self) -> str | None:
        """Return the text of the sequencer's newest public key; None before the first checkpoint."""
        row = self._one("select key from verifier_key order by since desc limit 1")
        return None if row is None else row["key"]

    def latest(self) -> SignedCheckpoint | None:
        row = self._one(LATEST)
        return None if row is None else SignedCheckpoint(**row)

    def leaves(self) -> int:
        """Return how many events have a place in the tree."""
        row = self._one("select coalesce(max(leaf_index) + 1, 0) as leaves from leaf")
        return 0 if row is None else int(row["leaves"])

    def waits(self) -> float:
        """For how many seconds the oldest event without a checkpoint has been in the log; 0 where there is none."""
        row = self._one("""
            select extract(epoch from clock_timestamp() - recorded_at)::float8 as seconds from event
            where position > coalesce((select position from leaf
                                       where leaf_index = (select max(size) - 1 from checkpoint)), 0)
            order by position limit 1
        """)
        return 0.0 if row is None else float(row["seconds"])

    def checkpoint_of(self, size: int) -> SignedCheckpoint | None:
        """Return the checkpoint published for that size; None if there is none."""
        row = self._one(OF_SIZE, size)
        return None if row is None else SignedCheckpoint(**row)

    def leaf_index_of(self, position: int) -> int | None:
        row = self._one("select leaf_index from leaf where position = %s", position)
        return None if row is None else row["leaf_index"]

    def leaf_of(self, event: UUID) -> tuple[int | None, bytes] | None:
        """(leaf index or None while it has none, the leaf's bytes) of an event; None where the log has no such one."""
        with self._connection() as connection:
            rows = stored_rows(connection, ROW_OF_EVENT, (event,))
        return (rows[0][-1], leaf_bytes(stored_row(rows[0]), self.origin())) if rows else None

    def inclusion(self, event: UUID) -> Inclusion | Pending | None:
        """Return the event's proof under the latest checkpoint; None if the log has no such event.

        Errors: TreeIsSmaller where stored tiles are missing (`perennial verify --log` says which).
        """
        with self._connection() as connection:
            rows = stored_rows(connection, ROW_OF_EVENT, (event,))
            if not rows:
                return None
            row, index = stored_row(rows[0]), rows[0][-1]
            latest = connection.execute(LATEST, prepare=True).fetchone()
            if index is None or latest is None or latest["size"] <= index:
                return Pending(row.position)
            hashes = self._tiles.proved(connection, lambda hashes: inclusion_proof(index, latest["size"], hashes))
        return Inclusion(index, leaf_bytes(row, self.origin()), hashes, SignedCheckpoint(**latest))

    def inclusion_of(self, index: int, size: int) -> list[bytes]:
        """Return the proof that leaf `index` is in the tree of `size` leaves. Errors: TreeIsSmaller."""
        with self._connection() as connection:
            return self._tiles.proved(connection, lambda hashes: inclusion_proof(index, size, hashes))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of `new` leaves extends that of `old`. Errors: TreeIsSmaller, also if `old` is
        0."""
        with self._connection() as connection:
            return self._tiles.proved(connection, lambda hashes: consistency_proof(old, new, hashes))

    def subtrees(self, wanted: Iterable[tuple[int, int]]) -> list[bytes]:
        """Return the roots of full subtrees, given as (height, index). Errors: TreeIsSmaller."""
        keys = list(wanted)
        with self._connection() as connection:
            return self._tiles.proved(connection, lambda hashes: [hashes(height, index) for height, index in keys])

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """Return the tile's first `width` hashes side by side; None if there are not that many."""
        with self._connection() as connection:
            data = tile_in(connection, level, index)[: width * HASH_BYTES]
        return data if 0 < len(data) == width * HASH_BYTES else None

    def _one(self, query: LiteralString, *values: Any) -> DictRow | None:
        with self._connection() as connection:
            return connection.execute(query, values, prepare=True).fetchone()


class TreeIsTorn(ExplainedError):
    """Inconsistent tree

    The log's leaves and tiles do not belong together ({why}).

    Run `perennial verify --log`: it lists the differences.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why=why)


@dataclass(slots=True)
class Edge:
    """How far the log is sequenced: the tree's right edge, and the position of its last leaf (0: none)."""

    tree: TiledTree
    position: int


def read_edge(connection: Connection) -> Edge:
    """Errors: TreeIsTorn."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("select leaf_index + 1, position from leaf order by leaf_index desc limit 1").fetchone()
    size, position = row or (0, 0)
    try:
        return Edge(TiledTree.read(size, lambda level, index: tile_in(connection, level, index)), position)
    except TreeIsSmaller as error:
        raise TreeIsTorn(str(error)) from error


def next_rows(connection: Connection, edge: Edge, head: int, limit: int) -> Iterator[StoredRow]:
    """Yield the rows after the edge up to the settled head, in log order."""
    return map(StoredRow._make, stored_rows(connection, NEXT_ROWS, (edge.position, head, limit)))


def write_leaves(connection: Connection, first: int, positions: Sequence[int], tiles: Iterable[Tile]) -> None:
    """Give these positions the leaf indexes from `first` on, and store the tree's tiles, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "insert into leaf (leaf_index, position) select %s + n - 1, p from unnest(%s::bigint[])"
            " with ordinality t(p, n)",
            (first, list(positions)),
            prepare=True,
            binary=True,
        )
        rows = [(tile.level, tile.index, tile.width, tile.data) for tile in tiles]
        cursor.execute(
            """
            insert into tile (level, index, width, data)
            select * from unnest(%s::integer[], %s::bigint[], %s::integer[], %s::bytea[])
            on conflict (level, index) do update set width = excluded.width, data = excluded.data
                where tile.width < excluded.width
            """,
            [list(column) for column in zip(*rows, strict=True)],
            prepare=True,
            binary=True,
        )


def publish(connection: Connection, size: int, note: str, key: str) -> None:
    """Publish the signed note and its key; what is published already stays as it is."""
    with connection.transaction():
        connection.execute("insert into verifier_key (key) values (%s) on conflict do nothing", (key,))
        connection.execute(
            "insert into checkpoint (size, note) values (%s, %s) on conflict do nothing", (size, note), prepare=True
        )


def hashes_in(connection: Connection) -> Hashes:
    """Any full subtree's root, read from the stored tiles."""
    return hashes_of_tiles(lambda level, index: tile_in(connection, level, index))


def has_checkpoints(connection: Connection) -> bool:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute("select exists (select from checkpoint)").fetchone() == (True,)


def is_signed(connection: Connection, head: int) -> bool:
    """Return whether every event up to the position is in a published checkpoint."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        waiting = """
            select exists (select from event where position <= %s and position > coalesce(
                (select position from leaf where leaf_index = (select max(size) - 1 from checkpoint)), 0))
        """
        return cursor.execute(waiting, (head,)).fetchone() == (False,)


def try_sequencer_lock(connection: Connection) -> bool:
    """Take the sequencer's lock for the session. Return whether the session holds it now."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute("select pg_try_advisory_lock(%s)", (SEQUENCER_LOCK,)).fetchone() == (True,)
