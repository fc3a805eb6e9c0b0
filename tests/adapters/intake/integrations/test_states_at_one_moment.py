"""States of one application that are taken in at one moment end as those that come one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product

import pytest

from adapters.intake.integrations.inbound import Inbox
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from queries.jobs import APPLICATION_RECORD, OF_APPLICATION
from tests.adapters.intake.integrations.retelling import inbox_of
from tests.adapters.intake.integrations.samples import BEGINS, NOW, SECRET, Sent, Story, samples_of
from tests.adapters.intake.integrations.samples.ashby import Applicant

ASHBY = samples_of("ashby")
STATES = ("Active", "Archived", "Hired")


@pytest.fixture
def inbox(log: EventLog, key_file: KeyFile) -> Inbox:
    return inbox_of(log, key_file)


def day(number: int) -> datetime:
    return BEGINS + timedelta(days=number)


def sent_in(number: int, states: tuple[str, ...]) -> list[Sent]:
    """The application is submitted on the first day, and is in one of the states as of each day that follows."""
    story = Story(number, ASHBY.story(0).random)
    applicant = Applicant(story, f"a{number}", f"c{number}", f"j{number}", day(0))
    applicant.send("applicationSubmit", at=day(0))
    for place, state in enumerate(states, start=1):
        applicant.status, applicant.archived = state, day(place) if state == "Archived" else None
        applicant.send("applicationUpdate", at=day(place))
    return story.sent


def receive(inbox: Inbox, sent: Sent) -> str:
    signed = ASHBY.sign(sent, SECRET, NOW)
    return inbox.receive(ASHBY.integration, [SECRET], signed.headers, signed.body, NOW).outcome


def stands(log: EventLog, key_file: KeyFile, number: int) -> list[object]:
    application = log.load(
        APPLICATION_RECORD, key_file.stream_of("ashby", "application", f"a{number}"), OF_APPLICATION
    ).state.application
    return [application.ending, application.ended_at]


@pytest.mark.parametrize("states", list(product(STATES, repeat=3)), ids="-".join)
def test_states_that_are_taken_in_at_one_moment(
    inbox: Inbox, log: EventLog, key_file: KeyFile, states: tuple[str, ...]
) -> None:
    for sent in sent_in(0, states):
        receive(inbox, sent)
    for number in range(1, 6):
        first, *others = sent_in(number, states)
        receive(inbox, first)
        begin = threading.Barrier(len(others))
        with ThreadPoolExecutor(len(others)) as threads:
            outcomes = list(threads.map(lambda sent, at=begin: [at.wait(), receive(inbox, sent)][1], others))
        assert outcomes == ["applied"] * len(others)
        assert stands(log, key_file, number) == stands(log, key_file, 0)
