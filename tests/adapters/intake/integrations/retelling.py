"""Stories of any integration, delivered in many orders, and every answer to them as of now.

`python -m tests.adapters.intake.integrations.retelling ashby 100 0` tells that many random stories of Ashby, each once
in order and once shuffled, with repetitions, and compares.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations.fetching import FetchAccess, Fetching, Get
from adapters.intake.integrations.inbound import NOT_FETCHED, Inbox, Integration, Received
from adapters.postgres.embedded.server import SETTINGS, embedded_server
from adapters.postgres.keys.key_file import KeyFile, ensure_key_file
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import PROJECTOR
from adapters.postgres.projector.runner import Runner
from domain.candidate import CANDIDATE, MERGES
from projections.index import READ_MODELS
from queries.candidate import candidate as summary_of
from queries.jobs import APPLICATION_RECORD, JOB, OF_APPLICATION, OF_JOB, page_of_application, page_of_job
from queries.person import person_of
from queries.profile import profile_of
from queries.question import EVERYBODY, AsOf, Segment
from tests.adapters.intake.integrations.samples import NOW, SECRET, Samples, Sent, Story, samples_of
from tests.adapters.intake.integrations.telling import ZONE, differences, made_database, metrics_of, plain

AT_ONCE = 25
"""Stories that share a database."""


def inbox_of(log: EventLog, key_file: KeyFile) -> Inbox:
    return Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo(ZONE))


def shuffled(sent: Sequence[Sent], seed: int) -> list[Sent]:
    """Return the deliveries in another order, some of them more than once."""
    chance = random.Random(seed)
    deliveries = [*sent, *chance.choices(sent, k=len(sent) // 3)]
    chance.shuffle(deliveries)
    return deliveries


def integration_of(samples: Samples) -> Integration:
    """Return the integration; deliveries of long ago are fresh to it, as a story takes months."""
    integration = samples.integration
    replay = integration.replay
    return integration if replay is None else replace(integration, replay=replace(replay, window=timedelta(days=999)))


def fetching_of(inbox: Inbox, samples: Samples, get: Get) -> Fetching:
    integration = integration_of(samples)
    access = {integration.name: FetchAccess("https://vendor.example", "token")}
    return Fetching(inbox, {integration.name: integration}, access, lambda: NOW, get)


def vendor(sent: Sent) -> Get:
    """Return what answers for the vendor, as it stood when the delivery was sent."""

    def get(url: str, _: Mapping[str, str]) -> bytes:
        path = url.removeprefix("https://vendor.example")
        if path not in sent.fetched:
            raise HTTPError(url, 404, "not found", Message(), None)
        return json.dumps(sent.fetched[path]).encode()

    return get


def deliver(inbox: Inbox, samples: Samples, sent: Sent) -> Received:
    """Deliver once, signed anew, as a sender does that repeats a delivery; and fetch what it names."""
    signed = samples.sign(sent, SECRET, NOW)
    received = inbox.receive(integration_of(samples), [SECRET], signed.headers, signed.body, NOW)
    if received.reason != NOT_FETCHED:
        return received
    assert fetching_of(inbox, samples, vendor(sent)).look() == 1
    return newest(inbox)


def newest(inbox: Inbox) -> Received:
    """Return what has become of the delivery that came last."""
    assert isinstance(inbox.log, EventLog)
    with inbox.log.recorder.datastore.get_connection() as connection:
        row = connection.execute("select outcome, reason from delivery order by received_at desc limit 1").fetchone()
    assert row is not None
    return Received(row["outcome"], row["reason"])


def answers(
    server: str, key_file: KeyFile, samples: Samples, stories: Sequence[Story], *, in_order: bool
) -> dict[str, Any]:
    """Return the answers about each story, by its seed, and about all of them, once all is delivered."""
    with made_database(server) as database, EventLog(database, key_file) as log:
        inbox = inbox_of(log, key_file)
        for story in stories:
            for sent in story.sent if in_order else shuffled(story.sent, story.seed):
                deliver(inbox, samples, sent)
        with open_datastore(database, PROJECTOR, pool_size=2) as datastore:
            Runner(datastore, READ_MODELS, ZONE, key_file, batch=500).catch_up()
        as_of = AsOf(log.recorder.barrier.head(), NOW, ZONE)
        with psycopg.connect(database) as connection:
            reader = Reader(connection, log, key_file, samples.integration.name, as_of)
            waiting = connection.execute(
                "select outcome, action, reason, count(*) from delivery where outcome <> 'applied'"
                " group by 1, 2, 3 order by 1, 2, 3"
            ).fetchall()
            answers_by_story = {str(story.seed): reader.answers(story) for story in stories}
            return answers_by_story | {
                "all": plain(metrics_of(connection, as_of, [EVERYBODY])),
                "not applied": plain(waiting),
            }


class Reader:
    """Asks everything about a story. Which of two merged records an application names is no answer: both are one
    person, and are given one name here."""

    def __init__(
        self, connection: psycopg.Connection[Any], log: EventLog, key_file: KeyFile, vendor: str, as_of: AsOf
    ) -> None:
        self.connection, self.log, self.key_file, self.vendor, self.as_of = connection, log, key_file, vendor, as_of

    def stream(self, kind: str, outside_id: str) -> UUID:
        return self.key_file.stream_of(self.vendor, kind, outside_id)

    def speaker(self, record: UUID) -> UUID:
        above: UUID | None = record
        while above is not None:
            record, above = above, self.log.load(CANDIDATE, above, frozenset(MERGES)).state.merged_into
        return record

    def answers(self, story: Story) -> dict[str, Any]:
        metrics = metrics_of(self.connection, self.as_of, [Segment(role=role) for role in story.roles])
        records = {self.stream("candidate", number): number for number in story.people}
        speakers = {record: self.speaker(record) for record in records}
        for record in sorted(set(speakers.values())):
            absorbs = list(speakers.values()).count(record) > 1
            profile, summary = person_of(self.log, record), summary_of(self.connection, record, self.as_of)
            metrics[f"profile of {records[record]}"] = without_entry(plain(profile_of(profile)), absorbs=absorbs)
            metrics[f"summary of {records[record]}"] = without_entry(plain(summary), absorbs=absorbs)
        for number in story.applications:
            stream = self.stream("application", number)
            if self.log.load(APPLICATION_RECORD, stream, OF_APPLICATION).version:
                metrics[f"application {number}"] = page_of_application(
                    stream, self.log.load(APPLICATION_RECORD, stream, OF_APPLICATION).state, 0
                )
        for number in story.jobs:
            stream = self.stream("requisition", number)
            metrics[f"job {number}"] = page_of_job(stream, self.log.load(JOB, stream, OF_JOB).state, 0)
        return {name: unified(plain(answer), speakers) for name, answer in metrics.items()}


def without_entry(answer: dict[str, Any], *, absorbs: bool) -> dict[str, Any]:
    """Return the answer. Of a record that absorbs another one the entry is dated by the delivery that first named it,
    which may be about what the other one did."""
    return {name: value for name, value in answer.items() if not absorbs or name != "entered_at"}


def unified(value: Any, speakers: Mapping[UUID, UUID]) -> Any:
    if isinstance(value, dict):
        return {name: unified(inner, speakers) for name, inner in value.items()}
    if isinstance(value, list):
        return [unified(inner, speakers) for inner in value]
    return speakers.get(value, value) if isinstance(value, UUID) else value


def compare(server: str, key_file: KeyFile, samples: Samples, seeds: Sequence[int]) -> list[str]:
    """Return where a shuffled telling of random stories ends otherwise than the telling in order, by story."""
    stories = [samples.story(seed) for seed in seeds]
    in_order, other = (
        answers(server, key_file, samples, stories, in_order=is_in_order) for is_in_order in (True, False)
    )
    return list(differences(in_order, other))


def main(name: str, times: int, first: int = 0) -> int:
    different: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="perennial-telling-") as folder:
        key_file = ensure_key_file(Path(folder) / "keys.json")
        with embedded_server(Path(folder) / "data", {**SETTINGS, "fsync": "off"}) as server:
            for begin in range(first, first + times, AT_ONCE):
                seeds = range(begin, min(begin + AT_ONCE, first + times))
                lines = compare(server, key_file, samples_of(name), seeds)
                different |= {line.split("/")[1].removesuffix(":") for line in lines}
                sys.stdout.writelines(f"story {line}\n" for line in lines[:60])
                sys.stdout.flush()
    stories = {"stories": times, "first": first, "different": len(different - {"all", "not applied"})}
    sys.stdout.write(json.dumps(stories) + "\n")
    return len(different)


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1], *map(int, sys.argv[2:]))))
