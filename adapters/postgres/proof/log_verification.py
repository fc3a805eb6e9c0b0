"""Verifies the whole log: every leaf from its row, the tree from the leaves, every checkpoint against the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import get_context

from adapters.postgres.proof import log_rows
from adapters.postgres.proof.log_rows import Connection, Extent, Paired
from adapters.proof.leaf import leaf_bytes
from adapters.proof.note import Checkpoint, CheckpointCannotBeRead, NoteIsNotSigned, VerifierKey, open_checkpoint
from adapters.proof.tree import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    CompactRange,
    Tile,
    TiledTree,
    leaf_hash,
    levels,
    tile_path,
)

CHUNK = 20 * TILE_WIDTH
WORTH_A_PROCESS = 20 * CHUNK
PROCESSES = 2
SHOWN_OF_A_KIND = 10
UNKNOWN = bytes(HASH_BYTES)
"""In the place of a leaf whose event is not there: nothing hashes to it."""

FINDINGS: Mapping[str, tuple[str, str]] = {
    "event-differs": (
        "the event is not the one that was sequenced: it was changed, or something else was put in its place",
        "Compare it with a backup from before; its tile says what its hash was.",
    ),
    "event-is-missing": ("a leaf has no event: it was deleted, or moved", "Look for it in a backup from before."),
    "leaf-is-missing": (
        "an event without a leaf stands among those that have one: it was put in later, or moved here",
        "The service never appends there: find out who wrote it.",
    ),
    "leaf-is-out-of-place": ("leaf indexes do not follow the log without a gap", "Compare table leaf with a backup."),
    "columns-disagree": ("kind or message is not what the clear data says", "Find out who changed table event."),
    "tile-differs": ("the stored tile is not what the events make", "Compare the tile and its events with a backup."),
    "tile-is-missing": ("the tile is not stored, or too narrow", "Compare table tile with a backup."),
    "tile-is-too-many": ("the stored tile is of no leaf that is there", "Leaves were deleted, or the tile was put in."),
    "checkpoint-is-not-ours": (
        "{why}",
        "It was altered, or signed with another key; compare it with checkpoints held elsewhere.",
    ),
    "checkpoint-differs": (
        "the signed root is not what the events make now: what it covers was rewritten after it was signed",
        "Keep the checkpoint: it is evidence.",
    ),
    "checkpoint-lies-ahead": (
        "it covers {size} leaves and the log has {leaves}: the log was cut off, or an older copy of it was put back",
        "Keep the checkpoint: it is evidence. Look for the missing part in the newest backup.",
    ),
    "key-is-another": (
        "the database names a verifier key that is not the one verified with",
        "A reader who trusts the database's key alone may be shown another log.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was: `kind` is one of FINDINGS, `where` the place (and how many more there are)."""

    kind: str
    where: str
    named: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        what, what_to_do = (text.format(**self.named) for text in FINDINGS[self.kind])
        return f"{self.where}: {what}. {what_to_do}"


@dataclass(frozen=True, slots=True)
class Held:
    """What the verifier has from outside the database: its key, and notes by where they were kept."""

    key: VerifierKey
    notes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verified:
    """`leaves` were rebuilt from their events, `waiting` events have none yet, so many `checkpoints` were compared."""

    leaves: int
    waiting: int
    checkpoints: int
    findings: Sequence[Finding]


Progress = Callable[[int], None]
"""Told how many leaves are rebuilt."""


def verify_log(conninfo: str, held: Held, progress: Progress, *, processes: int = PROCESSES) -> Verified:
    """Everything that is found, in one snapshot of the database. `held.notes` must be older than the call."""
    with log_rows.snapshot(conninfo) as (connection, name):
        extent = log_rows.extent(connection)
        published = log_rows.checkpoints(connection)
        notes = [(f"checkpoint {size}", note) for size, note in published] + list(held.notes.items())
        signed, findings = opened(notes, held.key)
        findings += wrong_sizes(published, signed) + other_keys(connection, held.key)
        tree = Rebuilt(connection, {checkpoint.size for _, checkpoint in signed} - {0})
        ends = log_rows.chunk_ends(connection, CHUNK)
        with chunks(conninfo, name, extent, [log_rows.BEFORE_ALL, *ends], processes) as rebuilt:
            for chunk in rebuilt:
                tree.add(chunk)
                progress(tree.size)
        findings += tree.findings() + compared(signed, tree)
    return Verified(extent.leaves, extent.waiting, len(notes), findings)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The leaf hashes of a part of the log, side by side; its first leaf's index; troubles as (kind, position)."""

    first: int | None
    hashes: bytes
    troubles: Sequence[tuple[str, int]]


def rebuild(pairs: Iterable[Paired], origin: str) -> Chunk:
    """Each leaf's hash from its event's row."""
    hashes, troubles, first, expected = bytearray(), [], None, None
    for pair in pairs:
        if pair.row is not None and not pair.agrees:
            troubles.append(("columns-disagree", pair.position))
        if pair.leaf_index is None:
            troubles.append(("leaf-is-missing", pair.position))
            continue
        if expected is not None and pair.leaf_index != expected:
            troubles.append(("leaf-is-out-of-place", pair.position))
        first, expected = pair.leaf_index if first is None else first, pair.leaf_index + 1
        if pair.row is None:
            troubles.append(("event-is-missing", pair.position))
        hashes += UNKNOWN if pair.row is None else leaf_hash(leaf_bytes(pair.row, origin))
    return Chunk(first, bytes(hashes), troubles)


def rebuild_between(conninfo: str, name: str, origin: str, after: int, upto: int) -> Chunk:
    """In a process of its own: the chunk of after < position <= upto, as the named snapshot has it."""
    with log_rows.reading(conninfo) as connection:
        log_rows.join(connection, name)
        return rebuild(log_rows.chunk(connection, after, upto), origin)


@contextmanager
def chunks(conninfo: str, name: str, extent: Extent, ends: Sequence[int], processes: int) -> Iterator[Iterator[Chunk]]:
    """Open the chunks between these positions, in order; rebuild them in several processes if that is worth it."""
    tasks = [(conninfo, name, extent.origin, after, upto) for after, upto in pairwise(ends)]
    if extent.leaves < WORTH_A_PROCESS or processes < 2:
        yield (rebuild_between(*task) for task in tasks)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        try:
            yield pool.map(rebuild_between, *zip(*tasks, strict=True))
        finally:
            pool.shutdown(cancel_futures=True)


class Rebuilt:
    """The tree as the events make it: compared with the stored tiles while it grows, its root kept at some sizes."""

    def __init__(self, connection: Connection, sizes: Iterable[int]) -> None:
        self._connection = connection
        self._sizes = sorted(sizes, reverse=True)
        self._tree = TiledTree()
        self._range = CompactRange()
        self._positions: dict[str, list[int]] = defaultdict(list)
        self._leaves: list[int] = []
        self._tiles: list[Finding] = []
        self.roots: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        return self._tree.size

    def add(self, chunk: Chunk) -> None:
        """Add the next leaves: a whole number of tiles, except in the last chunk."""
        for kind, position in chunk.troubles:
            self._positions[kind].append(position)
        if chunk.first not in (None, self.size):
            self._leaves_are_out_of_place(chunk.first)
        first, width = self.size >> TILE_HEIGHT, TILE_WIDTH * HASH_BYTES
        stored = log_rows.stored_tiles(self._connection, 0, first, first + len(chunk.hashes) // width)
        for at in range(0, len(chunk.hashes), width):
            self._grow(chunk.hashes[at : at + width], stored)

    def _leaves_are_out_of_place(self, first: int | None) -> None:
        where = f"leaf {self.size}, which is called {first}"
        self._tiles.append(Finding("leaf-is-out-of-place", where))

    def _grow(self, hashes: bytes, stored: Mapping[int, bytes]) -> None:
        """By the hashes of one tile on level 0."""
        whole = len(hashes) == TILE_WIDTH * HASH_BYTES
        tiles = self._tree.append(hashes)
        if whole and not (self._sizes and self._range.size < self._sizes[-1] < self._tree.size):
            self._reach(tiles[1].data[-HASH_BYTES:], TILE_HEIGHT)
        else:
            for at in range(0, len(hashes), HASH_BYTES):
                self._reach(hashes[at : at + HASH_BYTES])
        for tile in tiles:
            if tile.width == TILE_WIDTH:
                expected = stored if tile.level == 0 else self._stored(tile.level, tile.index)
                self._compare(tile, expected.get(tile.index, b""))

    def _reach(self, root: bytes, height: int = 0) -> None:
        """Add to the range, and keep its root if a checkpoint has that size."""
        self._range.append(root, height)
        while self._sizes and self._sizes[-1] <= self._range.size:
            if self._sizes.pop() == self._range.size:
                self.roots[self._range.size] = self._range.root()

    def _stored(self, level: int, index: int) -> dict[int, bytes]:
        return log_rows.stored_tiles(self._connection, level, index, index)

    def _compare(self, tile: Tile, stored: bytes) -> None:
        width = len(tile.data)
        if len(stored) < width:
            self._tiles.append(Finding("tile-is-missing", tile.path))
        elif len(stored) > width:
            self._tiles.append(
                Finding("tile-is-too-many", tile_path(tile.level, tile.index, len(stored) // HASH_BYTES))
            )
        if stored[:width] == tile.data[: len(stored)]:
            return
        if tile.level:
            self._tiles.append(Finding("tile-differs", tile.path))
            return
        for at in range(0, min(width, len(stored)), HASH_BYTES):
            ours = tile.data[at : at + HASH_BYTES]
            if UNKNOWN != ours != stored[at : at + HASH_BYTES]:
                self._leaves.append((tile.index << TILE_HEIGHT) + at // HASH_BYTES)

    def findings(self) -> list[Finding]:
        """Return all findings once all leaves are in."""
        counts = [-(-count // TILE_WIDTH) for _, count in levels(self.size)]
        for level, data in enumerate(self._tree.edge):
            if data:
                index = counts[level] - 1
                self._compare(Tile(level, index, data), self._stored(level, index).get(index, b""))
        for level, index in log_rows.tiles_outside(self._connection, counts):
            self._tiles.append(Finding("tile-is-too-many", tile_path(level, index)))
        listed = [finding for kind, positions in self._positions.items() for finding in in_places(kind, positions)]
        return self._events() + listed + self._tiles

    def _events(self) -> list[Finding]:
        positions = log_rows.positions_of(self._connection, self._leaves[:SHOWN_OF_A_KIND])
        where = [f"position {positions.get(leaf, 'unknown')} (leaf {leaf})" for leaf in self._leaves[:SHOWN_OF_A_KIND]]
        return some("event-differs", where, len(self._leaves))


def in_places(kind: str, positions: Sequence[int]) -> list[Finding]:
    return some(kind, [f"position {position}" for position in positions[:SHOWN_OF_A_KIND]], len(positions))


def some(kind: str, where: Sequence[str], of: int) -> list[Finding]:
    """Return a finding for each place; the last one says how many more there are."""
    rest = f" (and {of - len(where)} more)" if of > len(where) else ""
    return [Finding(kind, place + (rest if place is where[-1] else "")) for place in where]


def opened(notes: Iterable[tuple[str, str]], key: VerifierKey) -> tuple[list[tuple[str, Checkpoint]], list[Finding]]:
    """Return the checkpoints of the notes signed with the key, and a finding for each of the other notes."""
    signed, findings = [], []
    for where, note in notes:
        try:
            signed.append((where, open_checkpoint(note, key)))
        except (NoteIsNotSigned, CheckpointCannotBeRead) as error:
            findings.append(Finding("checkpoint-is-not-ours", where, {"why": str(error).rstrip(".")}))
    return signed, findings


def wrong_sizes(published: Iterable[tuple[int, str]], signed: Iterable[tuple[str, Checkpoint]]) -> list[Finding]:
    """Published checkpoints that say another size than the one they are published for."""
    document = dict(signed)
    return [
        Finding("checkpoint-is-not-ours", where, {"why": f"its note is of {document[where].size} leaves"})
        for where, size in ((f"checkpoint {size}", size) for size, _ in published)
        if where in document and document[where].size != size
    ]


def other_keys(connection: Connection, key: VerifierKey) -> list[Finding]:
    others = [other for other in log_rows.verifier_keys(connection) if other != str(key)]
    return [Finding("key-is-another", other) for other in others]


def compared(signed: Iterable[tuple[str, Checkpoint]], tree: Rebuilt) -> list[Finding]:
    """Compare every signed checkpoint with the tree of the events; return the findings."""
    differ, ahead = [], []
    for where, checkpoint in signed:
        if checkpoint.size > tree.size:
            named = {"size": checkpoint.size, "leaves": tree.size}
            ahead.append(Finding("checkpoint-lies-ahead", where, named))
        elif checkpoint.size == 0 or checkpoint.root != tree.roots[checkpoint.size]:
            differ.append(where)
    return some("checkpoint-differs", differ[:SHOWN_OF_A_KIND], len(differ)) + ahead[:SHOWN_OF_A_KIND]
