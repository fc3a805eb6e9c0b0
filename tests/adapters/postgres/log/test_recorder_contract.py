"""The library's own recorder test cases, run against our recorder."""

from __future__ import annotations

import pytest
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.recorder import LogRecorder


class OnOurLog:
    log: EventLog

    @pytest.fixture(autouse=True)
    def open_log(self, log: EventLog) -> None:
        self.log = log

    def create_recorder(self) -> LogRecorder:
        return self.log.recorder


class TestOurApplicationRecorder(OnOurLog, ApplicationRecorderTestCase[LogRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestOurPositionsDoNotInterleave(OnOurLog, NonInterleavingNotificationIDsBaseCase):
    pass


del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase
