"""Folds the log into read models: the healthy ones together, a failing one apart, each by one process alone."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from eventsourcing.postgres import PostgresDatastore

from adapters.postgres.connections import session
from adapters.postgres.following.feed import Feed, batches
from adapters.postgres.following.follower import POLL, Follower
from adapters.postgres.following.leadership import Leadership
from adapters.postgres.keys.decrypting import Opener
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.barrier import Barrier
from adapters.postgres.projector import folds
from adapters.postgres.projector.fold import FoldFailed, fold
from adapters.postgres.projector.folds import Connection, FoldRecorder, Standing
from projections.read_model import ReadModel

LOGGER = logging.getLogger(__name__)
BATCH = 50_000
FAR_BEHIND = 2
"""How many batches behind the head a team must be to be folded in lanes."""
LANES, LANE_BATCHES = 2, 4

Progress = Callable[[str, int, int], None]
"""Told after each batch: (read models, position reached, head of the log)."""


def no_progress(_: str, __: int, ___: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True)
class Team:
    """Read models at the same position that pass over the same streams: they share each batch."""

    models: dict[str, ReadModel]
    position: int
    parked: frozenset[UUID]


class Runner:
    """Folds what it may: every read model whose lock its session got. It takes over those that others release."""

    def __init__(
        self,
        datastore: PostgresDatastore,
        models: Iterable[ReadModel],
        zone: str,
        key_file: KeyFile,
        *,
        batch: int = BATCH,
        progress: Progress = no_progress,
    ) -> None:
        self._datastore = datastore
        self._opener = Opener(key_file)
        self._recorder = FoldRecorder(datastore)
        self._feed = Feed(Barrier(datastore.pool.connection))
        self._models = {model.schema: model for model in models}
        self._zone = zone
        self._batch = batch
        self._progress = progress
        self._leadership = Leadership(folds.try_lock)
        self._follower = Follower(partial(session, datastore.pool), self._feed, self._leadership, self)
        self._warned: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Folds until it is to stop. Errors: those of the database and of the key file; supervision runs it again."""
        self._follower.run(stop)

    def catch_up(self) -> int:
        """Folds up to the present head, or waits while another process does; returns the position reached."""
        with self._datastore.pool.connection() as connection, self._leadership.session(connection):
            head = self._feed.present_head()
            while self._behind(connection, head):
                if won := self._leadership.claim(connection, self.wanted(connection)):
                    self.lead(connection, won)
                if not self.step(connection, head) and len(self._leadership.held) < len(self._models):
                    time.sleep(POLL)
        return head

    def _behind(self, connection: Connection, head: int) -> bool:
        """Return whether any read model that may be folded has not reached the position yet."""
        standings = folds.standings(connection)
        wanted = [model.schema for model in self._models.values() if self._may_fold(standings, model)]
        return any(schema not in standings or standings[schema].position < head for schema in wanted)

    def wanted(self, connection: Connection) -> list[str]:
        """Return the read models that this process does not fold and that may be folded."""
        missing = self._models.keys() - self._leadership.held
        if not missing:
            return []
        standings = folds.standings(connection)
        return [
            schema for schema in self._models if schema in missing and self._may_fold(standings, self._models[schema])
        ]

    def lead(self, connection: Connection, names: Collection[str]) -> None:
        """Make the tables of new read models; leave changed ones alone."""
        standings = folds.standings(connection)
        for schema in names:
            model = self._models[schema]
            if schema not in standings:
                with connection.transaction():
                    folds.register(connection, model, schema, self._zone, "live")
            else:
                folds.learn_new_kinds(connection, standings[schema], model, self._zone)

    def _may_fold(self, standings: dict[str, Standing], model: ReadModel) -> bool:
        """Return whether the model may be folded. A changed fold, or a new version beside an older one, waits for its
        rebuild."""
        reason = folds.rebuild_reason(standings, model, self._zone)
        if reason and model.schema not in self._warned:
            self._warned.add(model.schema)
            LOGGER.warning("%s is not folded (%s): run `perennial rebuild %s`", model.schema, reason, model.name)
        return not reason

    def step(self, connection: Connection, head: int) -> bool:
        """Fold the foremost team to the head and each team behind it by one batch. Return whether there is more to
        do."""
        teams = self._teams(connection)
        more = False
        for team in teams:
            upto = min(head, team.position + self._batch)
            if upto > team.position:
                if head - team.position >= FAR_BEHIND * self._batch and len(team.models) > 1:
                    upto = min(head, team.position + LANE_BATCHES * self._batch)
                    self._advance_in_lanes(team, upto)
                else:
                    self._advance(connection, team, upto)
                self._progress(", ".join(model.name for model in team.models.values()), upto, head)
                more = more or upto < head
        return more or (len(teams) > 1 and any(team.position < head for team in teams[1:]))

    def _teams(self, connection: Connection) -> list[Team]:
        """Return the teams, the foremost first. A team behind never holds up one ahead, and joins it where it meets
        it."""
        grouped: dict[tuple[int, frozenset[UUID]], dict[str, ReadModel]] = defaultdict(dict)
        for schema, standing in folds.standings(connection).items():
            if schema in self._leadership.held:
                grouped[standing.position, standing.parked][schema] = self._models[schema]
        ordered = sorted(grouped.items(), key=lambda item: -item[0][0])
        return [Team(models, position, parked) for (position, parked), models in ordered]

    def _advance_in_lanes(self, team: Team, upto: int) -> None:
        """Far behind, the team parts into two lanes, each with transactions of its own; they meet again at `upto`.

        Answers do not show it: each read model's rows stand at its own position as ever.
        """
        names = [schema for schema in self._models if schema in team.models]
        lanes = [{name: team.models[name] for name in names[lane::LANES]} for lane in range(LANES)]

        def go(models: dict[str, ReadModel]) -> None:
            with self._datastore.pool.connection() as connection:
                for begin, end in batches(team.position, upto, self._batch):
                    self._advance(connection, Team(models, begin, team.parked), end)

        with ThreadPoolExecutor(LANES, thread_name_prefix="lane") as threads:
            list(threads.map(go, lanes))

    def _advance(self, connection: Connection, team: Team, upto: int) -> None:
        """One transaction for the whole team; when one of it fails, it goes apart and the others go on."""
        try:
            self._fold(connection, team.models, team.position, upto, tuple(team.parked))
        except FoldFailed as failure:
            failing = {s: m for s, m in team.models.items() if m.name == failure.model}
            healthy = {s: m for s, m in team.models.items() if m.name != failure.model}
            if healthy:
                self._advance(connection, Team(healthy, team.position, team.parked), upto)
            for schema, model in failing.items():
                self._fold_around(connection, schema, model, team.position, upto)

    def _fold(
        self, connection: Connection, models: dict[str, ReadModel], after: int, upto: int, parked: Sequence[UUID]
    ) -> None:
        """Folds nothing where a rebuild has taken the place since: the next step goes on from where that stands."""
        with connection.transaction():
            if not folds.hold(connection, list(models)):
                return
            standings = folds.standings(connection)
            if any(
                (standings[schema].position, standings[schema].parked) != (after, frozenset(parked))
                for schema in models
            ):
                return
            fold(connection, models, after, upto, self._zone, self._opener, parked)
            for schema in models:
                self._recorder.track(connection, schema, upto)

    def _fold_around(self, connection: Connection, schema: str, model: ReadModel, after: int, upto: int) -> None:
        """Halves the range until the event stands alone that cannot be folded, and parks its stream."""
        parked = tuple(folds.standings(connection)[schema].parked)
        try:
            self._fold(connection, {schema: model}, after, upto, parked)
        except FoldFailed as failure:
            if upto - after > 1:
                middle = (after + upto) // 2
                self._fold_around(connection, schema, model, after, middle)
                self._fold_around(connection, schema, model, middle, upto)
                return
            LOGGER.error("%s parks the stream of position %s: %s", schema, upto, failure)
            with connection.transaction():
                folds.park(connection, schema, upto, str(failure))
                self._recorder.track(connection, schema, upto)
