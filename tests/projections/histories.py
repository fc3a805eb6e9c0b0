"""Small random histories of people, messages and jobs: late, out of order, corrected, repeated, gone and come again."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import strategies as st

Event = dict[str, Any]

START = datetime(2022, 11, 3, 12, 0, tzinfo=UTC)
KINDS = ("email-sent", "email-sent", "email-sent", "email-opened", "email-opened", "email-clicked", "email-replied",
         "email-bounced", "email-delivered", "text-sent", "meeting-held", "note-written")  # fmt: skip
PEOPLE, JOBS = 3, 2


def made(kind: str, number: int) -> str:
    return str(UUID(int=hash_of(kind) << 64 | number))


def hash_of(kind: str) -> int:
    return int.from_bytes(kind.encode()[:6].ljust(6, b"-"), "big")


class History:
    """Writes events one after another, in streams, at positions from a given one on."""

    def __init__(self, first: int) -> None:
        self.position = first
        self.log: list[Event] = []
        self.versions: Counter[str] = Counter()
        self.touches: dict[str, dict[str, Any]] = {}
        self.seats: dict[str, str | None] = {}
        self.hired = 0

    def write(self, stream: str, name: str, at: datetime | None, /, **clear: Any) -> None:
        self.versions[stream] += 1
        recorded = START + timedelta(days=600, seconds=len(self.log))
        self.log.append(
            {"position": self.position, "stream": stream, "version": self.versions[stream], "type": f"{name}.v1",
             "occurred_at": at, "recorded_at": recorded, "at": at or recorded, "clear": clear}
        )  # fmt: skip
        self.position += 1

    def person(self, number: int, at: datetime) -> str:
        person = made("person", number)
        if not self.versions[person]:
            segment = {"source": f"s{number % 2}", "role": f"r{number // 2}", "location": "l0"}
            if number == 1:
                self.write(person, "candidate-referred", at, **segment, referrer=made("person", 9))
            else:
                self.write(person, "candidate-sourced", at, **segment, outside_source=None)
        return person

    def job(self, number: int, at: datetime) -> str:
        job = made("job", number)
        if not self.versions[job]:
            self.write(job, "requisition-opened", at, role=f"r{number}", location="l0", source="s0",
                       evergreen=number == 1, outside_source=None)  # fmt: skip
        return job

    def touch(self, person: str, kind: str, at: datetime | None, message: int, machine: bool) -> None:
        number = len(self.touches)
        told = {"kind": kind, "message": made("message", message) if message else None, "machine": machine}
        touchpoint = made("touch", number)
        self.write(person, "touchpoint-recorded", at, touchpoint=touchpoint, **told, purpose=None, authorised=None,
                   consent=None, reported_by="test")  # fmt: skip
        self.touches[touchpoint] = {**told, "at": self.log[-1]["at"], "person": person}

    def correct(self, which: int, kind: str | None, at: datetime, message: int, machine: bool) -> None:
        standing = [touchpoint for touchpoint, touch in self.touches.items() if touch["kind"] is not None]
        if not standing:
            return
        touchpoint = standing[-1 - which % len(standing)]
        was = self.touches[touchpoint]
        now = {"kind": kind, "message": made("message", message) if message and kind else None, "machine": machine}
        self.write(was["person"], "touchpoint-corrected", None, touchpoint=touchpoint, was_kind=was["kind"],
                   was_at=stored(was["at"]), was_message=was["message"], was_machine=was["machine"],
                   at=stored(at) if kind else None, **now)  # fmt: skip
        self.touches[touchpoint] = {**was, **now, "at": at}

    def consent(self, person: str, answer: int, at: datetime, purpose: str, channels: list[str]) -> None:
        if answer == 0:
            self.write(person, "consent-refused", at, purpose=purpose, channels=channels)
        elif answer <= 2:
            until = stored(at + timedelta(days=100)) if answer == 2 else None
            self.write(person, "consent-given", at, purpose=purpose, channels=channels, valid_until=until)
        else:
            self.write(person, "consent-withdrawn", at, purpose=purpose, channels=channels, entirely=answer == 4)

    def open_seat(self, job: str, at: datetime) -> None:
        opening = made("seat", len(self.seats))
        self.seats[opening] = job
        self.write(job, "opening-opened", at, opening=opening)

    def end_seat(self, which: int, person: str, at: datetime, accepted: datetime, filled: bool) -> None:
        standing = [opening for opening, job in self.seats.items() if job is not None]
        if not standing:
            return
        opening = standing[which % len(standing)]
        job, self.seats[opening] = self.seats[opening], None
        if job is None or not filled:
            self.write(job or "", "opening-cancelled", at, opening=opening, reason="budget")
            return
        application = self.apply(person, job, at)
        self.write(job, "opening-filled", at, opening=opening, application=application, candidate=person,
                   accepted_at=stored(accepted))  # fmt: skip
        self.write(application, "candidate-hired", at, candidate=person, requisition=job, opening=opening)

    def apply(self, person: str, job: str | None, at: datetime) -> str:
        self.hired += 1
        application = made("apply", self.hired)
        name = "application-submitted" if job else "prospect-added"
        self.write(application, name, at, candidate=person, requisition=job, source="s0", outside_source=None)
        return application

    def hire(self, person: str, job: str | None, at: datetime) -> None:
        """A hire that fills no opening; it may be for a job whose first event comes later."""
        self.write(self.apply(person, job, at), "candidate-hired", at, candidate=person, requisition=job, opening=None)


def stored(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# Mostly days at which a definition turns, so that two of them often stand exactly so far apart.
days = st.one_of(*[st.sampled_from([0, 1, 7, 14, 90, 179, 180, 181, 360])] * 3, st.integers(0, 500))
moments = st.builds(lambda day, hour: START + timedelta(days=day, hours=hour), days, st.sampled_from([0, 0, 0, 1, 11]))
small = st.integers(0, 5)
WHAT = ("touch",) * 6 + ("correct",) * 4 + ("consent", "consent", "seat", "seat", "end", "end", "hire", "apply")
moves = st.tuples(
    st.sampled_from(WHAT),
    st.sampled_from([0, 0, 0, 1, 2]), moments, moments, st.sampled_from(KINDS), st.sampled_from([1, 1, 1, 2, 0]),
    small, st.booleans(),
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, longest: int) -> list[Event]:
    """A valid log of up to some dozens of events; its positions often cross the edge of a tally's block."""
    history = History(first=(1 << 14) - draw(st.integers(1, 30)))
    for move in draw(st.lists(moves, min_size=longest // 3, max_size=longest)):
        _make(history, *move)
    return history.log


def _make(
    history: History, what: str, number: int, at: datetime, other: datetime,
    kind: str, message: int, one: int, flag: bool,
) -> None:  # fmt: skip
    """One move: `other` is when it was, `at` when the person or the job came to us, if that is new."""
    person = history.person(number, at)
    job = made("job", one % JOBS)
    match what:
        case "touch":
            history.touch(person, kind, None if one == 5 else other, message, flag and one % 2 == 0)
        case "correct":
            history.correct(one, kind if flag else None, other, message, one == 4)
        case "consent":
            channels = [["email"], ["phone"], ["email", "phone"]][one % 3]
            history.consent(person, one if flag else 4, other, "events" if message == 2 else "talent_pool", channels)
        case "seat":
            history.open_seat(history.job(one % JOBS, at), other)
        case "end":
            history.end_seat(one, person, at, other, flag)
        case "hire":
            history.hire(person, job if flag else None, other)
        case "apply":
            history.apply(person, job if flag else None, other)


def record(connection: psycopg.Connection[Any], log: list[Event]) -> None:
    """Puts the events straight into the log's table."""
    columns = "position, stream_id, stream_version, event_id, type, occurred_at, recorded_at, clear, people, state"
    with connection.cursor().copy(f"copy event ({columns}) from stdin".encode()) as copy:
        for event in log:
            copy.write_row(
                (event["position"], event["stream"], event["version"], UUID(int=event["position"]), event["type"],
                 event["occurred_at"], event["recorded_at"], json.dumps(event["clear"]), [UUID(event["stream"])], b"")
            )  # fmt: skip
