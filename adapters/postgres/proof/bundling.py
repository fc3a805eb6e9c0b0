"""Makes bundles out of the log: of one person, or of everything after a position."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from adapters.postgres.proof.bundle_rows import BundleRows, Indexed, Opening
from adapters.postgres.proof.tree_rows import Proofs, SignedCheckpoint
from adapters.proof.bundle import Entry, Header, Older, Person, Range
from adapters.proof.leaf import StoredRow, clear_bytes, leaf_bytes
from adapters.proof.tree import subtrees
from domain.candidate import ENTRIES, MERGES, CandidateDoesNotExist, CandidatesMerged
from domain.errors import ExplainedError

ENTRY_NAMES = [event.stored_name for event in ENTRIES]
NAMED_AT_ONCE = 5000
MERGE_NAMES = [event.stored_name for event in MERGES]


class NothingIsSignedYet(ExplainedError):
    """Events not signed yet

    No checkpoint covers the requested events yet.

    Try again: a checkpoint follows within seconds, while `perennial serve` or `perennial sequence` runs.
    """


class CheckpointIsNotOurs(ExplainedError):
    """Unknown checkpoint

    This log has published no checkpoint of {size} events; its newest has {newest}.

    Name a checkpoint that this log has published.
    """

    def __init__(self, size: int, newest: int) -> None:
        self.size, self.newest = size, newest
        super().__init__(size=size, newest=newest)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle about to be written: `events` is how many entries it will have, `people` whose records are in it."""

    header: Header
    entries: Iterator[Entry]
    events: int
    people: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Bundling:
    """Makes bundles; the entries are read while the bundle is consumed. `opening`: opens personal data too."""

    proofs: Proofs
    rows: BundleRows
    opening: Opening | None = None

    def of_candidate(self, candidate: UUID, held: Sequence[int] = ()) -> Bundle:
        """Return all records that were ever held to be the candidate's person, each event with its proof. Those that
        are still held to be theirs are laid open.

        `held`: sizes of older checkpoints which the bundle must be shown to extend.
        Errors: NothingIsSignedYet, CandidateDoesNotExist, CheckpointIsNotOurs.
        """
        latest = self._latest()
        upto = self.rows.last_position(latest.size)
        records = self.rows.ever_merged(candidate, ENTRY_NAMES, MERGE_NAMES, upto)
        if not records:
            raise CandidateDoesNotExist(candidate=candidate)
        rows = self.rows.of_streams(records, upto)
        if not any(row.stream == str(candidate) for _, row in rows):
            raise NothingIsSignedYet
        header = self._header(latest, held, Person(str(candidate), counted(rows)))
        return Bundle(header, self._proved(rows, latest.size, still_one(str(candidate), rows)), len(rows), records)

    def since(self, position: int, held: Sequence[int] = ()) -> Bundle:
        """Return every event after the position, up to the newest checkpoint. Errors: NothingIsSignedYet,
        CheckpointIsNotOurs.

        Its reader computes the root from it, and so knows that nothing is left out.
        """
        latest = self._latest()
        index = self.rows.first_after(position)
        first = latest.size if index is None else min(index, latest.size)
        prefix = self.proofs.subtrees(subtrees(0, first)) if first else []
        header = self._header(latest, held, Range(first, prefix))
        upto = self.rows.last_position(latest.size)
        people = self.rows.people_between(position, upto, ENTRY_NAMES)
        return Bundle(header, self._plain(self.rows.of_range(first, position, upto)), latest.size - first, people)

    def _latest(self) -> SignedCheckpoint:
        latest = self.proofs.latest()
        if latest is None or latest.size == 0:
            raise NothingIsSignedYet
        return latest

    def _header(self, latest: SignedCheckpoint, held: Sequence[int], of: Range | Person) -> Header:
        key = self.proofs.verifier_key()
        if key is None:
            raise NothingIsSignedYet
        older = {checkpoint.size: checkpoint for checkpoint in self.rows.checkpoints_before(latest.size)}
        for size in held:
            if size != latest.size:
                older[size] = self._checkpoint(size, latest.size)
        shown = [Older(older[size].note, self.proofs.consistency(size, latest.size)) for size in sorted(older)]
        return Header(self.proofs.origin(), key, latest.note, shown, of)

    def _checkpoint(self, size: int, newest: int) -> SignedCheckpoint:
        checkpoint = self.proofs.checkpoint_of(size) if 0 < size < newest else None
        if checkpoint is None:
            raise CheckpointIsNotOurs(size, newest)
        return checkpoint

    def _proved(self, rows: Iterable[Indexed], size: int, people: Collection[str]) -> Iterator[Entry]:
        for index, row in rows:
            opened = [] if self.opening is None else self.opening.opened(row, people)
            yield Entry(index, *self._texts(row), self.proofs.inclusion_of(index, size), opened)

    def _plain(self, rows: Iterable[Indexed]) -> Iterator[Entry]:
        for index, row in rows:
            opened = [] if self.opening is None else self.opening.opened(row)
            yield Entry(index, *self._texts(row), None, opened)

    def _texts(self, row: StoredRow) -> tuple[str, str]:
        """Return the leaf and the clear data as texts."""
        return leaf_bytes(row, self.proofs.origin()).decode(), clear_bytes(row.clear).decode()


def batches(people: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """Everybody, as many at a time as one record of an export names."""
    for begin in range(0, len(people), NAMED_AT_ONCE):
        yield people[begin : begin + NAMED_AT_ONCE]


def still_one(candidate: str, rows: Iterable[Indexed]) -> set[str]:
    """Return the records that are held to be the candidate's person now: personal data of other people stays sealed."""
    linked: set[frozenset[str]] = set()
    for _, row in rows:
        if row.type in MERGE_NAMES:
            document = json.loads(row.clear)
            pair = frozenset((document["survivor"], document["absorbed"]))
            linked = linked | {pair} if row.type == CandidatesMerged.stored_name else linked - {pair}
    reached, grew = {candidate}, True
    while grew:
        linked_too = reached.union(*(pair for pair in linked if pair & reached))
        reached, grew = linked_too, len(linked_too) > len(reached)
    return reached


def counted(rows: Iterable[Indexed]) -> dict[str, int]:
    """Return how many events each record has, in the order in which the records begin."""
    counts: dict[str, int] = {}
    for _, row in rows:
        counts[row.stream] = counts.get(row.stream, 0) + 1
    return counts
