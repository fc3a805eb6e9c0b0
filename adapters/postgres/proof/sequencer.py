"""Gives every settled event its place in the tree, in log order and without a gap, and has each state of it signed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg_pool import PoolClosed

from adapters.postgres.log.barrier import CHANNEL, Barrier
from adapters.postgres.proof import tree_rows
from adapters.postgres.proof.tree_rows import Connection, Edge, TreeIsTorn
from adapters.proof.leaf import leaf_bytes
from adapters.proof.signer import ForkFound, Signer, SigningFolderIsUnusable
from adapters.proof.tree import leaf_hash

LOGGER = logging.getLogger(__name__)
BATCH = 5_000
EVERY = 1.0
"""Seconds from one pass to the next while the log grows: what comes together is sequenced together."""
STANDBY_LOOKS_EVERY = 1.0
REFUSED_TRIES_EVERY = 5.0
SHOUTS_EVERY = 60.0

Progress = Callable[[int, int], None]
"""Told after each batch: (position up to which the log is sequenced, head of the log)."""


def no_progress(_: int, __: int) -> None:
    """Nobody watches."""


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
        self._barrier = Barrier(datastore.pool.connection)
        self._batch = batch
        self._progress = progress
        self._published = -1
        self._shouted_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Sequences until told to stop. A fork or a folder that cannot be used is shouted, and tried again later."""
        while not stop.is_set():
            try:
                self._session(stop)
            except PoolClosed:
                return
            except psycopg.Error as error:
                LOGGER.error("the sequencer is interrupted and tries again: %s", error)
                stop.wait(0.5)
            except (ForkFound, TreeIsTorn, SigningFolderIsUnusable, OSError) as error:
                self._shout(error)
                stop.wait(REFUSED_TRIES_EVERY)

    def catch_up(self) -> int:
        """Sequences and signs up to the present head, or waits until another process has; the position of the head.

        Errors: ForkFound, TreeIsTorn, SigningFolderIsUnusable.
        """
        with self._datastore.pool.connection() as connection:
            try:
                self._barrier.expire()
                head = self._barrier.head()
                while not tree_rows.try_sequencer_lock(connection):
                    if tree_rows.is_signed(connection, head):
                        return head
                    time.sleep(0.1)
                self._published = -1
                self._pass(connection, Signer(self._folder, tree_rows.origin_of(connection)), head)
                return head
            finally:
                let_go(connection)

    def _session(self, stop: threading.Event) -> None:
        with self._datastore.pool.connection() as connection:
            connection.execute(f"listen {CHANNEL}")
            self._published = -1
            try:
                while not tree_rows.try_sequencer_lock(connection):
                    if stop.wait(STANDBY_LOOKS_EVERY):
                        return
                signer = Signer(self._folder, tree_rows.origin_of(connection))
                while not stop.is_set():
                    self._turn(connection, signer, stop)
            finally:
                let_go(connection)

    def _turn(self, connection: Connection, signer: Signer, stop: threading.Event) -> None:
        """One pass, then rest: the full time where something was done, else until somebody says that the log grew."""
        began = time.monotonic()
        if self._pass(connection, signer, self._barrier.head()):
            stop.wait(max(0.0, began + EVERY - time.monotonic()))
        for _ in connection.notifies(timeout=0 if stop.is_set() else EVERY, stop_after=1):
            pass
        self._barrier.expire()

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
        """The next batch into the tree; False where nothing is left."""
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
        """The record outside comes first: whatever is published was written down there before."""
        last, sizes = signer.last(), {edge.tree.size}
        if self._published < 0 and last is not None:
            sizes.add(last[1].size)  # whoever wrote it down may have been stopped before it was published
        for size in sorted(sizes):
            published = tree_rows.has_checkpoints(connection)
            if size or published or last is not None:
                note = signer.sign(size, tree_rows.hashes_in(connection), published=published)
                key = signer.key(published=published)
                tree_rows.publish(connection, size, note, str(key.verifier))
        self._published = edge.tree.size

    def _shout(self, error: Exception) -> None:
        """At once, and again every minute, as long as it is so."""
        if time.monotonic() > self._shouted_at + SHOUTS_EVERY:
            LOGGER.error("%s", error)
            self._shouted_at = time.monotonic()


def let_go(connection: Connection) -> None:
    if not connection.broken:
        connection.execute("unlisten *")
        connection.execute("select pg_advisory_unlock_all()")
