"""A recruiting story told by Greenhouse bodies in many orders, and every answer to it as of now.

`python -m tests.integrations.telling 1000` tells that many random stories, each once in order and once shuffled, with
repetitions under other event ids, and compares.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from adapters.bootstrap import VERB_OF
from adapters.integrations.inbound import Inbox
from adapters.integrations.index import INTEGRATIONS
from adapters.postgres.application import Perennial
from adapters.postgres.datastore import open_datastore
from adapters.postgres.embedded import SETTINGS, embedded_server
from adapters.postgres.keyfile import KeyFile, ensure_key_file
from adapters.postgres.migrate import PROJECTOR, grant, migrate
from adapters.postgres.runner import Runner
from adapters.web.candidates import person_of, profile_of
from adapters.web.jobs import JOB, OF_JOB, OF_WAY, WAY, page_of_application, page_of_job
from domain.catalogue import UPCASTS
from projections.index import READ_MODELS
from queries.candidate import candidate as summary_of
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.question import EVERYBODY, AsOf, Period, Segment
from queries.source_of_hire import source_of_hire
from queries.stage_conversion import stage_conversion
from queries.time_in_stage import time_in_stage
from queries.time_to_fill import time_to_fill
from queries.time_to_hire import time_to_hire
from queries.touchpoint_counts import touchpoint_counts
from tests.integrations.bodies import SECRET, delivery, signed

ZONE = "Europe/Stockholm"
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
BEGINS = datetime(2026, 1, 5, 8, tzinfo=UTC)
STAGES = ("Application Review", "Phone Screen", "On Site", "Offer")
TEMPLATE = "telling_template"
NUMBERS = count(1)
METRICS = (
    *(pipeline_growth, engagement, time_to_fill, touchpoint_counts),
    *(stage_conversion, time_in_stage, time_to_hire, source_of_hire),
)
OF_THE_TELLING = frozenset({"position", "as_of", "version", "event", "recorded_at"})
"""What says how and when we learned it; nothing else in an answer may depend on that."""


@dataclass
class Story:
    """Bodies in the order in which things happened, each with a time of its own; whom and what they are about."""

    random: random.Random
    bodies: list[bytes] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    applications: list[int] = field(default_factory=list)
    jobs: list[int] = field(default_factory=list)
    days: float = 0.0

    def moment(self) -> str:
        """The next moment: each body has one of its own."""
        self.days += self.random.uniform(0.05, 4)
        return stamp(self.days)

    def say(self, action: str, **payload: Any) -> None:
        self.bodies.append(delivery(action, **payload))


def stamp(days: float) -> str:
    return (BEGINS + timedelta(days=days)).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def job_of(story: Story, number: int, seats: int) -> dict[str, Any]:
    story.jobs.append(number)
    return {
        "id": number,
        "name": f"Gardener {number}",
        "status": "open",
        "created_at": stamp(0),
        "opened_at": stamp(0),
        "closed_at": None,
        "offices": [{"id": number, "name": "Malmö"}],
        "openings": [{"id": number * 10 + seat, "opening_id": f"{number}-{seat}"} for seat in range(seats)],
    }


@dataclass
class Applicant:
    """Somebody on their way through a job there."""

    story: Story
    number: int
    job: dict[str, Any]
    applied_at: str
    stage: int = 0
    stands: str = "active"
    accepted_at: str | None = None
    name: str = "Rosa"
    emails: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def person(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "first_name": self.name,
            "last_name": f"Lind {self.number}",
            "created_at": self.applied_at,
            "email_addresses": [{"value": email, "type": "personal"} for email in self.emails],
            "tags": self.tags,
        }

    def body(self, at: str, **more: Any) -> dict[str, Any]:
        told = {
            "id": self.number + 1000,
            "prospect": False,
            "applied_at": self.applied_at,
            "last_activity_at": at,
            "source": {"id": 8, "name": f"Source {self.number % 2}"},
            "current_stage": {"id": self.stage, "name": STAGES[self.stage]},
            "candidate": self.person,
            "jobs": [{name: value for name, value in self.job.items() if name != "openings"}],
        }
        return told | more

    def moves(self) -> dict[str, Any]:
        """What may happen next, as it stands."""
        if self.stands == "active":
            return {"stage": self.move, "reject": self.reject, "hire": self.hire, "update": self.update,
                    "note": self.note}  # fmt: skip
        return {"unreject": self.unreject} if self.stands == "rejected" else {"unhire": self.unhire}

    def apply(self) -> None:
        self.story.say("new_candidate_application", application=self.body(self.applied_at))

    def move(self) -> None:
        self.stage = self.story.random.choice([one for one in range(len(STAGES)) if one != self.stage])
        self.story.say("candidate_stage_change", application=self.body(self.story.moment()))

    def note(self) -> None:
        self.story.say("application_updated", application=self.body(self.story.moment()))

    def update(self) -> None:
        self.change()
        self.story.say("update_candidate", candidate=self.person | {"updated_at": self.story.moment()})

    def change(self) -> None:
        what = self.story.random.choice(("name", "email", "tag"))
        if what == "name":
            self.name = self.story.random.choice(("Rosa", "Rose", "Rosalind"))
        elif what == "email":
            self.emails = [*self.emails, f"rosa{len(self.emails)}@lind{self.number}.example"]
        else:
            self.tags = [*self.tags, f"tag {len(self.tags)}"]

    def reject(self) -> None:
        at, self.stands = self.story.moment(), "rejected"
        why = {"rejected_at": at, "rejection_reason": {"id": 5, "name": "Moved away"}}
        self.story.say("reject_candidate", application=self.body(at, **why))

    def unreject(self) -> None:
        self.stands = "active"
        self.story.say("unreject_candidate", application=self.body(self.story.moment()))

    def hire(self) -> None:
        at, self.stands = self.story.moment(), "hired"
        seat = self.job["openings"][self.number % len(self.job["openings"])]
        self.accepted_at = self.accepted_at or at  # who is hired anew is so on the offer that they accepted
        more = {
            "opening": {"opening_id": seat["opening_id"]},
            "offer": {"id": self.number, "resolved_at": self.accepted_at},
        }
        self.story.say("hire_candidate", application=self.body(at, **more))

    def unhire(self) -> None:
        self.stands = "active"
        self.story.say("unhire_candidate", application=self.body(self.story.moment()))


def story_of(seed: int, steps: int = 14) -> Story:
    """A random story of two or three people who apply for one of two jobs; sometimes two turn out to be one."""
    story = Story(random.Random(seed))
    jobs = [job_of(story, 70 + number, 3) for number in range(story.random.randint(1, 2))]
    for job in jobs:
        story.say("job_created", job=job)
    people = [applicant_of(story, 501 + number, story.random.choice(jobs)) for number in range(3)]
    for _ in range(steps):
        one = story.random.choice(people)
        name = story.random.choice(list(one.moves()))
        one.moves()[name]()
    if story.random.random() < 0.4:
        absorbed, survivor = story.random.sample(people, 2)
        merged = absorbed.person | {"new_candidate_id": survivor.number}
        story.say("merge_candidate", person=merged)
    return story


def applicant_of(story: Story, number: int, job: dict[str, Any]) -> Applicant:
    one = Applicant(story, number, job, story.moment(), emails=[f"rosa@lind{number}.example"])
    one.apply()
    story.people.append(number)
    story.applications.append(number + 1000)
    return one


def shuffled(bodies: Sequence[bytes], seed: int) -> list[bytes]:
    """The bodies in another order, some of them more than once."""
    chance = random.Random(seed)
    told = [*bodies, *chance.choices(bodies, k=len(bodies) // 3)]
    chance.shuffle(told)
    return told


@contextmanager
def made_database(server: str) -> Iterator[str]:
    """An empty, migrated database that is gone afterwards."""
    name = f"telling_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("select from pg_database where datname = %s", (TEMPLATE,)).fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
            with psycopg.connect(of(server, TEMPLATE)) as template:
                migrate(template, UPCASTS)
        made = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        connection.execute(made)
    with psycopg.connect(of(server, name)) as connection:
        grant(connection)
    yield of(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def of(server: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(server, dbname=name)


@dataclass(frozen=True)
class Told:
    """What is answered after a telling, and what still waits."""

    answers: Mapping[str, Any]
    waiting: int


def told(server: str, key_file: KeyFile, story: Story, bodies: Sequence[bytes]) -> Told:
    """The answers after the bodies were delivered in this order, each under an event id of its own."""
    with made_database(server) as database, Perennial(database, key_file) as log:
        inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo(ZONE))
        for number, body in enumerate(bodies):
            inbox.receive(INTEGRATIONS["greenhouse"], [SECRET], signed(body, event=f"e{number}"), body, NOW)
        with open_datastore(database, PROJECTOR, pool_size=2) as datastore:
            Runner(datastore, READ_MODELS, ZONE, key_file, batch=500).catch_up()
        with psycopg.connect(database) as connection:
            (waiting,) = connection.execute("select count(*) from delivery where outcome = 'waiting'").fetchone() or (
                0,
            )
            return Told(answers_of(connection, log, key_file, story), waiting)


def answers_of(connection: psycopg.Connection[Any], log: Perennial, key_file: KeyFile, story: Story) -> dict[str, Any]:
    as_of = AsOf(log.recorder.barrier.head(), NOW, ZONE)
    period = Period(date(2026, 1, 1), date(2026, 12, 31))
    answers: dict[str, Any] = {}
    for metric in METRICS:
        for segment in (EVERYBODY, Segment(source="source-1"), Segment(role="gardener-70")):
            answers[f"{metric.__name__} of {segment.named}"] = metric(connection, period, as_of, segment)
    for number in story.people:
        candidate = key_file.stream_of("greenhouse", "candidate", str(number))
        answers[f"profile of {number}"] = profile_of(person_of(log, candidate))
        answers[f"summary of {number}"] = summary_of(connection, candidate, as_of)
    for number in story.applications:
        stream = key_file.stream_of("greenhouse", "application", str(number))
        page = page_of_application(stream, log.load(WAY, stream, OF_WAY).state, 0)
        answers[f"application {number}"] = page
    for number in story.jobs:
        stream = key_file.stream_of("greenhouse", "requisition", str(number))
        answers[f"job {number}"] = page_of_job(stream, log.load(JOB, stream, OF_JOB).state, 0)
    return {name: plain(answer) for name, answer in answers.items()}


def plain(value: Any) -> Any:
    """The answer without what depends on how it was told."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items() if name not in OF_THE_TELLING}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def differences(first: Any, second: Any, where: str = "") -> Iterator[str]:
    """Where two answers differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        for name in sorted(first.keys() | second.keys()):
            yield from differences(first.get(name), second.get(name), f"{where}/{name}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from differences(one, other, f"{where}/{number}")
    elif first != second:
        yield f"{where}: {first} is {second}"


def compare(server: str, key_file: KeyFile, seed: int) -> list[str]:
    """Where a shuffled telling of a random story ends otherwise than the telling in order."""
    story = story_of(seed)
    in_order = told(server, key_file, story, story.bodies)
    other = told(server, key_file, story, shuffled(story.bodies, seed))
    waiting = [f"{one.waiting} deliveries wait" for one in (in_order, other) if one.waiting]
    return [*waiting, *differences(dict(in_order.answers), dict(other.answers))]


def main(times: int, first: int = 0) -> int:
    failed = 0
    with tempfile.TemporaryDirectory(prefix="perennial-telling-") as folder:
        key_file = ensure_key_file(Path(folder) / "keys.json")
        with embedded_server(Path(folder) / "data", {**SETTINGS, "fsync": "off"}) as server:
            for seed in range(first, first + times):
                found = compare(server, key_file, seed)
                failed += bool(found)
                for line in found[:6]:
                    sys.stdout.write(f"story {seed}: {line}\n")
    sys.stdout.write(json.dumps({"stories": times, "first": first, "different": failed}) + "\n")
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
