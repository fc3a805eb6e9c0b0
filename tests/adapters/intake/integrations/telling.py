"""A recruiting story told by Greenhouse bodies in many orders, and every answer to it as of now.

`python -m tests.adapters.intake.integrations.telling 1000` tells that many random stories, each once in order and once
shuffled, with repetitions under other event ids, and compares. Many stories share a database, which answers about each
and about all. `1000 0 4` delivers the bodies of each shuffled story by four threads at once.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.embedded.server import SETTINGS, embedded_server
from adapters.postgres.keys.key_file import KeyFile, ensure_key_file
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.migrate import PROJECTOR
from adapters.postgres.projector.runner import Runner
from domain.catalogue import UPCASTS
from projections.index import READ_MODELS
from queries.candidate import candidate as summary_of
from queries.engagement import engagement
from queries.jobs import APPLICATION_RECORD, JOB, OF_APPLICATION, OF_JOB, page_of_application, page_of_job
from queries.person import person_of
from queries.pipeline_growth import pipeline_growth
from queries.profile import profile_of
from queries.question import EVERYBODY, AsOf, Period, Segment
from queries.source_of_hire import source_of_hire
from queries.stage_conversion import stage_conversion
from queries.time_in_stage import time_in_stage
from queries.time_to_fill import time_to_fill
from queries.time_to_hire import time_to_hire
from queries.touchpoint_counts import touchpoint_counts
from tests.adapters.intake.integrations.bodies import SECRET, delivery, signed
from tests.databases import ensure_template, fresh_database

ZONE = "Europe/Stockholm"
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
BEGINS = datetime(2026, 1, 5, 8, tzinfo=UTC)
STAGES = ("Application Review", "Phone Screen", "On Site", "Offer")
TEMPLATE = "telling_template"
AT_ONCE = 25
"""Stories that share a database."""
LINES = 60
"""Differences that are shown of the stories that share a database, at most."""
METRICS = (
    *(pipeline_growth, engagement, time_to_fill, touchpoint_counts),
    *(stage_conversion, time_in_stage, time_to_hire, source_of_hire),
)
OF_THE_TELLING = frozenset({"position", "as_of", "version", "event", "recorded_at"})
"""What says how and when we learned it; nothing else in an answer may depend on that."""


@dataclass
class Story:
    """Bodies in the order in which things happened, each with a time of its own; whom and what they are about."""

    seed: int
    random: random.Random
    bodies: list[bytes] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    applications: list[int] = field(default_factory=list)
    jobs: list[int] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
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
class Job:
    """A job there, which gets another team or opening date, and is closed and opened again."""

    story: Story
    details: dict[str, Any]

    def moves(self) -> dict[str, Any]:
        if self.details["status"] == "closed":
            return {"open": self.open_again}
        return {"edit": self.edit, "close": self.close}

    def say(self, at: str, **changes: Any) -> None:
        self.details.update(changes, updated_at=at)
        self.story.say("job_updated", job=dict(self.details))

    def close(self) -> None:
        at = self.story.moment()
        self.say(at, status="closed", closed_at=at)

    def open_again(self) -> None:
        self.say(self.story.moment(), status="open", closed_at=None)

    def edit(self) -> None:
        """The name stays: a story names one role a person, by one text."""
        chance = self.story.random
        team = {role: [{"user_id": chance.randint(1, 2)}] for role in ("hiring_managers", "recruiters")}
        opened_at = stamp(chance.choice((0, 0, -2, 3)))
        self.say(self.story.moment(), hiring_team=team, opened_at=opened_at)


@dataclass
class Offer:
    """A version of the offer to an applicant there; `says` is its status."""

    number: int
    version: int
    sent_on: str
    status: str = "Created"
    resolved_at: str | None = None

    def body(self, applicant: Applicant) -> dict[str, Any]:
        return {
            "id": self.number,
            "application_id": applicant.number + 1000,
            "job_id": applicant.job["id"],
            "version": self.version,
            "sent_on": self.sent_on,
            "resolved_at": self.resolved_at,
            "offer_status": self.status,
        }


@dataclass
class Applicant:
    """An applicant on their way through a job there."""

    story: Story
    number: int
    job: dict[str, Any]
    applied_at: str
    created_at: str
    stage: int = 0
    stands: str = "active"
    accepted_at: str | None = None
    offer: Offer | None = None
    prospect: bool = False
    was_sourced: bool = False
    """They were sourced as a prospect for no job and from no source."""
    was_hired: bool = False
    named: bool = True
    """Whether their hires name an opening; else they take none."""
    name: str = "Rosa"
    emails: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def person(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "first_name": self.name,
            "last_name": f"Lind {self.number}",
            "created_at": self.created_at,
            "email_addresses": [{"value": email, "type": "personal"} for email in self.emails],
            "tags": self.tags,
        }

    def body(self, at: str, **more: Any) -> dict[str, Any]:
        details = {
            "id": self.number + 1000,
            "prospect": self.prospect,
            "applied_at": self.applied_at,
            "last_activity_at": at,
            "source": None if self.is_unsorted else {"id": 8, "name": f"Source {self.story.seed}-{self.number % 2}"},
            "current_stage": None if self.prospect else {"id": self.stage, "name": STAGES[self.stage]},
            "candidate": self.person,
            "jobs": [{name: value for name, value in self.job.items() if name != "openings"}],
        }
        return details | ({"jobs": []} if self.is_unsorted else {}) | more

    @property
    def is_unsorted(self) -> bool:
        """A prospect who was found, for no job yet and from no source."""
        return self.prospect and self.was_sourced

    def moves(self) -> dict[str, Any]:
        """What may happen next, as it stands."""
        if self.stands == "active":
            of_all = {"reject": self.reject, "update": self.update, "note": self.note}
            return of_all | ({"apply": self.apply} if self.prospect else {"stage": self.move} | self.offers())
        return {"unreject": self.unreject} if self.stands == "rejected" else {"unhire": self.unhire}

    def offers(self) -> dict[str, Any]:
        """What may become of the offer: hires without any, hires on the one that was accepted; a late no."""
        hire = {} if self.seat in self.story.taken else {"hire": self.hire}
        if self.offer is None:
            return hire if self.accepted_at else hire | {"offer": self.make_offer}
        if self.offer.status == "Created":
            return {"accept": self.accept, "decline": self.decline}
        if self.offer.status == "Rejected":
            return {"offer": self.make_offer}
        return hire | ({"offer": self.make_offer} if self.was_hired else {"turn down": self.decline})

    @property
    def seat(self) -> str:
        """The opening that they are hired into, which others may be hired into before and afterwards."""
        seats = self.job["openings"]
        return str(seats[self.number % len(seats)]["opening_id"])

    def make_offer(self) -> None:
        version = 1 if self.offer is None else self.offer.version + 1
        self.offer = Offer(self.number, version, self.story.moment())
        self.was_hired = False
        self.story.say("offer_created", **self.offer.body(self))

    def accept(self) -> None:
        self.answer("Accepted")

    def decline(self) -> None:
        self.answer("Rejected")

    def answer(self, status: str) -> None:
        assert self.offer is not None
        self.offer.status, self.offer.resolved_at = status, self.story.moment()
        self.story.say("offer_updated", **self.offer.body(self))

    def come(self) -> None:
        """Send the first delivery about the applicant."""
        action = "new_prospect_application" if self.prospect else "new_candidate_application"
        self.story.say(action, application=self.body(self.applied_at))

    def apply(self) -> None:
        """A prospect applies."""
        self.prospect, self.applied_at = False, self.story.moment()
        self.story.say("new_candidate_application", application=self.body(self.applied_at))

    def move(self) -> None:
        self.stage = self.story.random.choice([stage for stage in range(len(STAGES)) if stage != self.stage])
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
        more = {"offer": self.offer_of_hire(at)}
        if self.named:
            self.story.taken[self.seat] = self.number
            more |= {"opening": {"opening_id": self.seat}}
        self.was_hired = True
        self.story.say("hire_candidate", application=self.body(at, **more))

    def offer_of_hire(self, at: str) -> dict[str, Any]:
        """Who is hired anew is so on the offer that they accepted."""
        if self.offer is None:
            self.accepted_at = self.accepted_at or at
            return {"id": self.number, "resolved_at": self.accepted_at}
        details = {"id": self.offer.number, "version": self.offer.version, "resolved_at": self.offer.resolved_at}
        return details | ({"sent_at": self.offer.sent_on} if self.story.random.random() < 0.5 else {})

    def unhire(self) -> None:
        self.stands = "active"
        if self.named:
            del self.story.taken[self.seat]
        self.story.say("unhire_candidate", application=self.body(self.story.moment()))


def story_of(seed: int, steps: int = 18) -> Story:
    """A random story of three people who apply for one of two jobs; sometimes two turn out to be one."""
    story = Story(seed, random.Random(seed))
    numbers = range(seed * 10, seed * 10 + story.random.randint(1, 2))
    jobs = [job_of(story, number, story.random.randint(1, 3)) for number in numbers]
    for job in jobs:
        story.say("job_created", job=job)
    people = [applicant_of(story, seed * 10 + 1 + number, story.random.choice(jobs)) for number in range(3)]
    for _ in range(steps):
        movers: list[Applicant | Job] = [*people, *people, *(Job(story, job) for job in jobs)]
        moves = story.random.choice(movers).moves()
        moves[story.random.choice(list(moves))]()
    if story.random.random() < 0.4:
        absorbed, survivor = story.random.sample(people, 2)
        merged = absorbed.person | {"new_candidate_id": survivor.number}
        story.say("merge_candidate", person=merged)
    return story


def applicant_of(story: Story, number: int, job: dict[str, Any]) -> Applicant:
    at = story.moment()
    applicant = Applicant(story, number, job, at, at, emails=[f"rosa@lind{number}.example"])
    applicant.prospect = story.random.random() < 0.3
    applicant.named = story.random.random() < 0.75
    applicant.was_sourced = applicant.prospect and story.random.random() < 0.6
    applicant.come()
    story.people.append(number)
    story.applications.append(number + 1000)
    return applicant


def shuffled(bodies: Sequence[bytes], seed: int) -> list[bytes]:
    """The bodies in another order, some of them more than once."""
    chance = random.Random(seed)
    order = [*bodies, *chance.choices(bodies, k=len(bodies) // 3)]
    chance.shuffle(order)
    return order


@contextmanager
def made_database(server: str) -> Iterator[str]:
    """An empty, migrated database that is gone afterwards."""
    ensure_template(server, TEMPLATE, UPCASTS)
    with fresh_database(server, TEMPLATE) as conninfo:
        yield conninfo


def told(
    server: str, key_file: KeyFile, stories: Sequence[Story], *, in_order: bool, threads: int = 1
) -> dict[str, Any]:
    """The answers about each story, by its seed, and about all, after their bodies were delivered, so many at once."""
    with made_database(server) as database, EventLog(database, key_file) as log:
        inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo(ZONE))
        for story in stories:
            deliver(inbox, story.seed, story.bodies if in_order else shuffled(story.bodies, story.seed), threads)
        with open_datastore(database, PROJECTOR, pool_size=2) as datastore:
            Runner(datastore, READ_MODELS, ZONE, key_file, batch=500).catch_up()
        as_of = AsOf(log.recorder.barrier.head(), NOW, ZONE)
        with psycopg.connect(database) as connection:
            answers = {str(story.seed): answers_of(connection, log, key_file, story, as_of) for story in stories}
            waiting = connection.execute(
                "select delivery_id, reason from delivery where outcome <> 'applied' order by delivery_id"
            ).fetchall()
            return answers | {"all": plain(metrics_of(connection, as_of, [EVERYBODY])), "not applied": plain(waiting)}


def deliver(inbox: Inbox, seed: int, bodies: Sequence[bytes], threads: int) -> None:
    """Delivers the bodies in this order, each under an event id of its own; so many threads take the next one each."""

    def receive(number: int, body: bytes) -> None:
        headers = signed(body, event=f"{seed}-{number}")
        inbox.receive(INTEGRATIONS["greenhouse"], [SECRET], headers, body, NOW)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(receive, number, body) for number, body in enumerate(bodies)]:
            done.result()


def metrics_of(connection: psycopg.Connection[Any], as_of: AsOf, segments: Sequence[Segment]) -> dict[str, Any]:
    period = Period(date(2026, 1, 1), date(2026, 12, 31))
    return {
        f"{metric.__name__} of {segment.named}": metric(connection, period, as_of, segment)
        for metric in METRICS
        for segment in segments
    }


def answers_of(
    connection: psycopg.Connection[Any], log: EventLog, key_file: KeyFile, story: Story, as_of: AsOf
) -> dict[str, Any]:
    segments = [Segment(source=f"source-{story.seed}-1"), *(Segment(role=f"gardener-{job}") for job in story.jobs)]
    answers = metrics_of(connection, as_of, segments)
    for number in story.people:
        candidate = key_file.stream_of("greenhouse", "candidate", str(number))
        answers[f"profile of {number}"] = profile_of(person_of(log, candidate))
        answers[f"summary of {number}"] = summary_of(connection, candidate, as_of)
    for number in story.applications:
        stream = key_file.stream_of("greenhouse", "application", str(number))
        page = page_of_application(stream, log.load(APPLICATION_RECORD, stream, OF_APPLICATION).state, 0)
        answers[f"application {number}"] = page
    for number in story.jobs:
        stream = key_file.stream_of("greenhouse", "requisition", str(number))
        answers[f"job {number}"] = page_of_job(stream, log.load(JOB, stream, OF_JOB).state, 0)
    return {name: plain(answer) for name, answer in answers.items()}


def plain(value: Any) -> Any:
    """Return the answer without what depends on the order of the deliveries."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items() if name not in OF_THE_TELLING}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def differences(first: Any, second: Any, where: str = "") -> Iterator[str]:
    """Where two answers differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        for name in sorted(first.keys() | second.keys()):
            yield from differences(first.get(name), second.get(name), f"{where}/{name}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (item, other_item) in enumerate(zip(first, second, strict=True)):
            yield from differences(item, other_item, f"{where}/{number}")
    elif first != second:
        yield f"{where}: {first} is {second}"


def compare(server: str, key_file: KeyFile, seeds: Sequence[int], threads: int = 1) -> list[str]:
    """Where a shuffled telling of random stories ends otherwise than the telling in order, by story."""
    stories = [story_of(seed) for seed in seeds]
    in_order = told(server, key_file, stories, in_order=True)
    return list(differences(in_order, told(server, key_file, stories, in_order=False, threads=threads)))


def main(times: int, first: int = 0, threads: int = 1) -> int:
    different: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="perennial-telling-") as folder:
        key_file = ensure_key_file(Path(folder) / "keys.json")
        with embedded_server(Path(folder) / "data", {**SETTINGS, "fsync": "off"}) as server:
            for begin in range(first, first + times, AT_ONCE):
                seeds = range(begin, min(begin + AT_ONCE, first + times))
                lines = compare(server, key_file, seeds, threads)
                different |= {line.split("/")[1].removesuffix(":") for line in lines}
                sys.stdout.writelines(f"story {line}\n" for line in lines[:LINES])
                sys.stdout.flush()
    sys.stdout.write(json.dumps({"stories": times, "first": first, "different": len(different - {"all"})}) + "\n")
    return len(different)


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
