"""The library's own tracking test case, run against the recorder that the folds keep their positions with."""

from __future__ import annotations

import pytest
from eventsourcing.tests.persistence import TrackingRecorderTestCase

from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.migrate import PROJECTOR
from adapters.postgres.projector.folds import FoldRecorder


class TestOurTrackingRecorder(TrackingRecorderTestCase):
    recorder: FoldRecorder

    @pytest.fixture(autouse=True)
    def open_recorder(self, database: str):  # type: ignore[no-untyped-def]  # a generator fixture on a TestCase
        with open_datastore(database, PROJECTOR, pool_size=1) as datastore:
            self.recorder = FoldRecorder(datastore)
            yield

    def create_recorder(self) -> FoldRecorder:
        return self.recorder


del TrackingRecorderTestCase
