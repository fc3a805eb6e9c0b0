"""Builds a read model anew beside the one being served, and puts it in its place at one stroke."""

from __future__ import annotations

import time

import psycopg
from eventsourcing.postgres import PostgresDatastore

from adapters.postgres.following.leadership import release
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.projector import folds
from adapters.postgres.projector.fold import FoldFailed
from adapters.postgres.projector.folds import Connection
from adapters.postgres.projector.runner import BATCH, Progress, Runner, no_progress
from domain.errors import ExplainedError
from projections.read_model import ReadModel

SWAP_WAITS = "500ms"
SWAP_TRIES = 240
CLOSE_ENOUGH = 2_000


class IsBeingRebuilt(ExplainedError):
    """Rebuild in progress

    {name} is being rebuilt by another process.

    Wait for it, or stop it; the rebuild can be resumed.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class SwapFoundNoMoment(ExplainedError):
    """Read model not swapped

    {name} is built, but its tables were never free for the swap.

    Run the rebuild again: it resumes from here.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


class Rebuild(Runner):
    """One read model's rebuild. Killed and started again it goes on where it was; queries never notice it."""

    def __init__(
        self,
        datastore: PostgresDatastore,
        model: ReadModel,
        zone: str,
        key_file: KeyFile,
        *,
        batch: int = BATCH,
        progress: Progress = no_progress,
    ) -> None:
        super().__init__(datastore, [model], zone, key_file, batch=batch, progress=progress)
        self._model = model

    def rebuild(self, *, afresh: bool = False) -> int:
        """Rebuild the rows and return their position when they begin to be served. `afresh`: take up nothing of an
        earlier attempt, which may have rows of a person erased since."""
        with self._datastore.pool.connection() as connection:
            if not folds.try_lock(connection, self._model.next_schema):
                raise IsBeingRebuilt(self._model.name)
            try:
                self._begin(connection, afresh)
                while self._position(connection) + CLOSE_ENOUGH < (head := self._feed.head()):
                    self._go_on(connection, head)
                return self._swap(connection)
            finally:
                release(connection)

    def _begin(self, connection: Connection, afresh: bool) -> None:
        """Take up the rows of an earlier attempt if the same fold made them; else begin afresh."""
        begun = folds.standings(connection).get(self._model.next_schema)
        if not afresh and begun is not None and begun.fingerprint == self._model.fingerprint(self._zone):
            return
        with connection.transaction():
            folds.unregister(connection, self._model.next_schema)
            folds.register(connection, self._model, self._model.next_schema, self._zone, "building")

    def _position(self, connection: Connection) -> int:
        return folds.position_of(connection, self._model.next_schema)

    def _go_on(self, connection: Connection, head: int) -> None:
        position = self._position(connection)
        upto = min(head, position + self._batch)
        if upto > position:
            self._fold_around(connection, self._model.next_schema, self._model, position, upto)
            self._progress(self._model.name, upto, head)

    def _swap(self, connection: Connection) -> int:
        """Swap the rows and return the position. It waits only briefly for its locks and tries often, so that no query
        gives way."""
        for _ in range(SWAP_TRIES):
            self._go_on(connection, self._feed.head())
            try:
                return self._swap_now(connection)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected, FoldFailed):
                time.sleep(0.05)
        raise SwapFoundNoMoment(self._model.name)

    def _swap_now(self, connection: Connection) -> int:
        served, built = self._model.schema, self._model.next_schema
        with connection.transaction():
            connection.execute("select set_config('lock_timeout', %s, true)", (SWAP_WAITS,))
            folds.hold(connection, [served, built])
            position, reached = self._position(connection), folds.position_of(connection, served)
            if position < reached:
                parked = tuple(folds.standings(connection)[built].parked)
                self._fold(connection, {built: self._model}, position, reached, parked)
            folds.swap(connection, self._model)
            return max(position, reached)
