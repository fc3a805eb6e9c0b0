"""Gives every settled event its place in the tree, in log order and without a gap, and has each state of it signed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from eventsourcing.postgres import PostgresDatastore

from adapters.postgres.connections import session
from adapters.postgres.following.feed import Feed
from adapters.postgres.following.follower import Follower
from adapters.postgres.following.leadership import Leadership
from adapters.postgres.log.barrier import Barrier
from adapters.postgres.proof import tree_rows
from adapters.postgres.proof.tree_rows import Connection, Edge
from adapters.proof.leaf import leaf_bytes
from adapters.proof.signer import Signer
from adapters.proof.tree import leaf_hash

BATCH = 5_000
EVERY = 1.0
"""Seconds from one pass to the next while the log grows: what comes together is sequenced together."""
LOCK = "sequencer"

Progress = Callable[[int, int], None]
"""Told after each batch: (position up to which the log is sequenced, head of the log)."""


def no_progress(_: int, __: int) -> None:
    """Report no progress."""


class Sequencer:
    """One session of all sequences, the others stand by. Events wait for their leaf and checkpoint 5 s at most."""

    def __init__(
        self,
        datastore: PostgresDatastore,
        signing_folder: Path,
        *,
        batch: int = BATCH,
        progress: Progress = no_progress,
    ) -> None:
        self._datastore = datastore
        self._folder = signing_folder
        self._feed = Feed(Barrier(datastore.pool.connection))
        self._leadership = Leadership(lambda connection, _: tree_rows.try_sequencer_lock(connection))
        self._follower = Follower(
            partial(session, datastore.pool), self._feed, self._leadership, self, pace=EVERY, poll=EVERY
        )
        self._batch = batch
        self._progress = progress
        self._published = -1
        self._signer: Signer | None = None

    def run(self, stop: threading.Event) -> None:
        """Sequences until it is to stop. Errors: those of the database, ForkFound, TreeIsTorn, SigningFolderIsUnusable;
        supervision runs it again."""
        self._follower.run(stop)

    def catch_up(self) -> int:
        """Sequences and signs up to the present head, or waits until another process has; returns the head's position.

        Errors: ForkFound, TreeIsTorn, SigningFolderIsUnusable.
        """
        with self._datastore.pool.connection() as connection, self._leadership.session(connection):
            head = self._feed.present_head()
            while not self._leadership.claim(connection, self.wanted(connection)):
                if tree_rows.is_signed(connection, head):
                    return head
                time.sleep(0.1)
            self.lead(connection, [LOCK])
            self.step(connection, head)
            return head

    def wanted(self, _: Connection) -> Sequence[str]:
        """Returns the one name that a sequencer leads."""
        return [LOCK]

    def lead(self, connection: Connection, _: Collection[str]) -> None:
        """Opens the signing folder. Errors: SigningFolderIsUnusable."""
        self._published = -1
        self._signer = Signer(self._folder, tree_rows.origin_of(connection))

    def step(self, connection: Connection, head: int) -> bool:
        """Sequences and signs up to the head; returns whether there was anything to do."""
        return self._signer is not None and self._pass(connection, self._signer, head)

    def _pass(self, connection: Connection, signer: Signer, head: int) -> bool:
        """Everything up to the head, in batches; whether there was anything to do.

        A long pass signs between them, from where the last checkpoint was on: leaves that were lost are made again.
        """
        edge, origin, signed_at = tree_rows.read_edge(connection), tree_rows.origin_of(connection), time.monotonic()
        while self._sequence_batch(connection, edge, origin, head):
            if time.monotonic() > signed_at + EVERY and signer.has_signed_no_more_than(edge.tree.size):
                self._sign(connection, signer, edge)
                signed_at = time.monotonic()
        if edge.tree.size == self._published:
            return False
        self._sign(connection, signer, edge)
        return True

    def _sequence_batch(self, connection: Connection, edge: Edge, origin: str, head: int) -> bool:
        """Add the next batch to the tree; return False if nothing is left."""
        rows = list(tree_rows.next_rows(connection, edge, head, self._batch))
        if not rows:
            return False
        first = edge.tree.size
        tiles = edge.tree.append(b"".join(leaf_hash(leaf_bytes(row, origin)) for row in rows))
        tree_rows.write_leaves(connection, first, [row.position for row in rows], tiles)
        edge.position = rows[-1].position
        self._progress(edge.position, head)
        return True

    def _sign(self, connection: Connection, signer: Signer, edge: Edge) -> None:
        """Sign and publish the tree. The record outside comes first: every published note was written there before."""
        last, sizes = signer.last(), {edge.tree.size}
        if self._published < 0 and last is not None:
            sizes.add(last[1].size)  # its writer may have been stopped before it was published
        for size in sorted(sizes):
            published = tree_rows.has_checkpoints(connection)
            if size or published or last is not None:
                note = signer.sign(size, tree_rows.hashes_in(connection), published=published)
                key = signer.key(published=published)
                tree_rows.publish(connection, size, note, str(key.verifier))
        self._published = edge.tree.size
