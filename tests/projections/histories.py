"""Small random histories of people, messages and jobs: late, out of order, corrected, repeated, undone, merged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import strategies as st

Event = dict[str, Any]

START = datetime(2022, 11, 3, 12, 0, tzinfo=UTC)
KINDS = ("email-sent", "email-sent", "email-sent", "email-opened", "email-opened", "email-clicked", "email-replied",
         "email-bounced", "email-delivered", "text-sent", "meeting-held", "note-written")  # fmt: skip
STAGES = ("screen", "interview", "interview", "assessment", "offer", "reference-check")
PEOPLE, JOBS, COMMUNITIES = 4, 2, 2
SEGMENTS = ("source", "role", "location")
Unknown = Mapping[int, Collection[str]]
"""By the number of a person the segments that are unknown at the entry."""


def made(kind: str, number: int) -> str:
    return str(UUID(int=hash_of(kind) << 64 | number))


def hash_of(kind: str) -> int:
    return int.from_bytes(kind.encode()[:6].ljust(6, b"-"), "big")


@dataclass(slots=True)
class Ongoing:
    """How an application stands: `ending` is the event that ended it, `filled` the opening that its hire took."""

    id: str
    person: str
    job: str | None
    ending: str | None = None
    filled: str | None = None
    offers: list[str | None] = field(default_factory=list)

    @property
    def named(self) -> dict[str, Any]:
        return {"candidate": self.person, "requisition": self.job}


class History:
    """Writes events one after another, in streams, at positions from a given one on. What is not possible, it omits."""

    def __init__(self, first: int, unknown: Unknown = MappingProxyType({})) -> None:
        self.position = first
        self.unknown = unknown
        self.incomplete: dict[str, dict[str, str]] = {}
        self.log: list[Event] = []
        self.versions: Counter[str] = Counter()
        self.touches: dict[str, dict[str, Any]] = {}
        self.seats: dict[str, str | None] = {}
        self.ended_seats: dict[str, str] = {}
        self.seat_of: dict[str, str] = {}
        self.held: set[str] = set()
        self.absorbed: dict[str, str] = {}
        self.withheld: list[tuple[str, str, int]] = []
        self.erased: set[str] = set()
        self.proposed: dict[tuple[str, str], bool] = {}
        self.completed: set[str] = set()
        self.applications: list[Ongoing] = []
        self.members: set[tuple[str, str]] = set()

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
            self.incomplete[person] = {name: segment[name] for name in SEGMENTS if name in self.unknown.get(number, ())}
            segment |= dict.fromkeys(self.incomplete[person], "unknown")
            if number == 1:
                self.write(person, "candidate-referred", at, **segment, referrer=made("person", 9))
            else:
                self.write(person, "candidate-sourced", at, **segment, outside_source=None)
        return person

    def complete(self, person: str, which: int, at: datetime | None) -> None:
        """Some or all of the unknown segments become known; nothing is recorded about an erased person."""
        unknown = self.incomplete[person]
        named = list(unknown)[which % len(unknown) :] if unknown else []
        if named and person not in self.erased:
            stated = {name: unknown.pop(name) for name in named}
            self.write(person, "segments-completed", at, **dict.fromkeys(SEGMENTS, "unknown") | stated)

    def job(self, number: int, at: datetime) -> str:
        job = made("job", number)
        if not self.versions[job]:
            self.write(job, "requisition-opened", at, role=f"r{number}", location="l0", source="s0",
                       evergreen=number == 1, outside_source=None)  # fmt: skip
        return job

    def touch(
        self, person: str, kind: str, at: datetime | None, message: int, machine: bool, purpose: str | None = None
    ) -> None:
        """Of what we send every other one cites the newest consent, for whatever and of whomever it is."""
        if person in self.erased:
            return
        number = len(self.touches)
        values = {"kind": kind, "message": made("message", message) if message else None, "machine": machine}
        touchpoint = made("touch", number)
        given = [event["position"] for event in self.log if event["type"] == "consent-given.v1"]
        consent = str(UUID(int=given[-1])) if given and number % 2 == 0 and kind.endswith("-sent") else None
        authorised = consent is not None if kind.endswith("-sent") else None
        self.write(person, "touchpoint-recorded", at, touchpoint=touchpoint, **values, purpose=purpose,
                   authorised=authorised, consent=consent, reported_by="test")  # fmt: skip
        self.touches[touchpoint] = {**values, "at": self.log[-1]["at"], "person": person}

    def correct(self, which: int, kind: str | None, at: datetime, message: int, machine: bool) -> None:
        standing = [
            touchpoint
            for touchpoint, touch in self.touches.items()
            if touch["kind"] is not None and touch["person"] not in self.erased
        ]
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
        """The person's answer, in the root's stream; a withdrawal also in the record's that it was reported on."""
        root = self.root(person)
        if person in self.erased:
            return
        if answer == 0:
            self.write(root, "consent-refused", at, purpose=purpose, channels=channels)
        elif answer <= 2:
            until = stored(at + timedelta(days=100)) if answer == 2 else None
            self.write(root, "consent-given", at, purpose=purpose, channels=channels, valid_until=until,
                       jurisdiction=("eu", "us-ca")[answer % 2])  # fmt: skip
        else:
            for record in dict.fromkeys((person, root)):
                self.withdraw_consent(record, at, purpose, channels, entirely=answer == 4)

    def withdraw_consent(
        self, record: str, at: datetime | None, purpose: str, channels: list[str], entirely: bool, method: str = "test"
    ) -> None:
        self.write(record, "consent-withdrawn", at, purpose=purpose, channels=channels, entirely=entirely,
                   method=method, because_of=None)  # fmt: skip

    # One person, several records: a record is absorbed by at most one other, and both are roots when it is.

    def root(self, record: str) -> str:
        while record in self.absorbed:
            record = self.absorbed[record]
        return record

    def merge(self, survivor: str, absorbed: str, at: datetime | None, stricter: bool) -> None:
        """The roots of both become one person; `stricter`: one of them had said no."""
        survivor, absorbed = self.root(survivor), self.root(absorbed)
        if survivor == absorbed or self.erased & {survivor, absorbed}:
            return
        self.absorbed[absorbed] = survivor
        for stream in (absorbed, survivor):
            self.write(stream, "candidates-merged", at, survivor=survivor, absorbed=absorbed, evidence=["same-email"])
        for stream in (absorbed, survivor) if stricter else ():
            if self.position % 2:  # as merges were recorded before they withheld
                self.withdraw_consent(stream, at, "talent_pool", ["email"], entirely=True, method="merge")
            else:
                self.write(stream, "consent-withheld", at, survivor=survivor, absorbed=absorbed, denied_by=[absorbed],
                           purpose="talent_pool", channels=["email"])  # fmt: skip
            self.withheld.append((absorbed, stream, self.position - 1))

    def unmerge(self, which: int, at: datetime | None) -> None:
        """Any pair that stands; the survivor may have been absorbed itself meanwhile."""
        standing = [record for record in self.absorbed if record not in self.erased]
        if not standing:
            return
        absorbed = standing[which % len(standing)]
        survivor = self.absorbed.pop(absorbed)
        for stream in (absorbed, survivor):
            self.write(stream, "candidates-unmerged", at, survivor=survivor, absorbed=absorbed)
        ended = [(stream, event) for of, stream, event in self.withheld if of == absorbed]
        self.withheld = [pair for pair in self.withheld if pair[0] != absorbed]
        for stream, event in ended if which % 3 else ():  # and of older un-merges nothing ended it
            self.write(stream, "consent-withholding-ended", at, withheld=str(UUID(int=event)), survivor=survivor,
                       absorbed=absorbed, purpose="talent_pool", channels=["email"])  # fmt: skip

    def erase(self, record: str, at: datetime | None, completed: bool) -> None:
        """Request the erasure of a person in all records at once; nothing more is recorded about them."""
        records = [known_record for known_record in self.versions if self.root(known_record) == self.root(record)]
        for stream in () if record in self.erased else records:
            self.write(stream, "erasure-requested", at, by="self", ground="art-17")
            self.withdraw_consent(stream, at, "talent_pool", ["email", "phone"], entirely=True, method="erasure")
        self.erased.update(records)
        for stream in records if completed and record not in self.completed else ():
            self.write(
                stream, "candidate-erased", None, request=record, erasers=["deliveries"], effective_by=stored(START)
            )
            self.completed.add(stream)

    def propose(self, record: str, number: int, at: datetime | None, accepts: bool) -> None:
        """Proposes to erase the person of the record; told again, a proposal is decided, and then done with."""
        key = record, made("proposal", number)
        if record in self.erased:
            return
        if key not in self.proposed:
            self.proposed[key] = False
            self.write(
                record, "erasure-proposed", at, proposal=key[1], source="crm", kind="delete", fields=["full_name"]
            )
        elif not self.proposed[key]:
            self.proposed[key] = True
            ground = {} if accepts else {"ground": "other"}
            self.write(
                record, f"erasure-proposal-{'accepted' if accepts else 'declined'}", at, proposal=key[1], **ground
            )
            if accepts:
                self.erase(record, at, completed=False)

    def community(self, person: str, community: str, at: datetime, by: str) -> None:
        """Joins where this record has not, leaves where it has."""
        if person in self.erased:
            return
        if not self.versions[community]:
            self.write(community, "community-founded", at, around="skill", topic="python")
        joined = (person, community) not in self.members
        self.members ^= {(person, community)}
        self.write(person, "community-joined" if joined else "community-left", at, community=community, by=by)

    def access(self, people: list[str], at: datetime | None, kind: str, reader: str) -> None:
        """A reader sees these people; each access has a stream of its own."""
        export = {"holds": ["personal"], "export": made("export", len(self.log))} if kind == "exported" else {}
        self.write(made("access", len(self.log)), f"people-{kind}", at, page="profile", people=people, **export)
        self.log[-1]["actor"] = reader

    # Jobs and their openings.

    def open_seat(self, job: str, at: datetime) -> None:
        opening = made("seat", len(self.seats))
        self.seats[opening] = self.seat_of[opening] = job
        self.write(job, "opening-opened", at, opening=opening)
        self.log[-1]["how"] = ("unknown", "derived.job.opened_at")[len(self.seats) % 2]

    def end_seat(self, which: int, person: str, at: datetime, accepted: datetime, filled: bool) -> None:
        standing = [opening for opening, job in self.seats.items() if job is not None]
        if not standing:
            return
        opening = standing[which % len(standing)]
        job = self.seats[opening]
        if job is None or not filled:
            self.end(opening)
            self.write(job or "", "opening-cancelled", at, opening=opening, reason="budget")
            return
        self.take(self.apply(person, job, at), opening, at, accepted)

    def end(self, opening: str) -> None:
        job = self.seats[opening]
        if job is not None:
            self.ended_seats[opening], self.seats[opening] = job, None

    def reopen(self, opening: str, at: datetime | None, need: str, application: str | None) -> None:
        job = self.ended_seats.pop(opening)
        self.seats[opening] = job
        self.write(job, "opening-reopened", at, opening=opening, need=need, application=application)

    def reopen_ended(self, which: int, at: datetime, need: str) -> None:
        """An opening that was cancelled, or filled: then the hire stays a hire, and the seat is to be filled anew."""
        ended = list(self.ended_seats)
        if ended:
            opening = ended[which % len(ended)]
            for application in self.applications:
                application.filled = None if application.filled == opening else application.filled
            self.reopen(opening, at, need, None)

    def tell_of_seat(self, which: int, at: datetime, person: str) -> None:
        """Any event of any opening, as a system with other rules reports it: repeated, late, in any order."""
        if not self.seat_of:
            return
        opening, no = sorted(self.seat_of)[which % len(self.seat_of)], len(self.log)
        name = ("opening-filled", "opening-cancelled", "opening-reopened")[which % 3]
        values: dict[str, dict[str, Any]] = {
            "opening-filled": {"application": made("apply", no % 2), "candidate": person, "accepted_at": stored(at)},
            "opening-cancelled": {"reason": "budget"},
            "opening-reopened": {"need": "same", "application": (None, made("apply", 0), made("apply", 1))[no % 3]},
        }
        self.write(self.seat_of[opening], name, at, opening=opening, **values[name])

    def hold(self, job: str, at: datetime) -> None:
        """Holds the job, or goes on with it where it is held."""
        resumed = job in self.held
        self.held ^= {job}
        self.write(job, "requisition-resumed" if resumed else "requisition-held", at,
                   **({} if resumed else {"reason": "budget"}))  # fmt: skip

    def correct_date(self, job: str, which: int, at: datetime, opened_at: datetime) -> None:
        """Says when the job or one of its openings was opened."""
        seats = [seat for seat in sorted(self.seat_of) if self.seat_of[seat] == job]
        if which % 3 == 0 or not seats:
            self.write(job, "requisition-date-corrected", at, opened_at=stored(opened_at))
        else:
            self.write(job, "opening-date-corrected", at, opening=seats[which % len(seats)],
                       opened_at=stored(opened_at))  # fmt: skip

    def close(self, job: str, at: datetime, closed: bool) -> None:
        """The job is said to be closed or open, whatever it was."""
        self.write(job, "requisition-closed" if closed else "requisition-reopened", at)

    def seats_of(self, job: str | None) -> list[str]:
        return [opening for opening, of in self.seats.items() if of is not None and of == job]

    # Applications.

    def apply(self, person: str, job: str | None, at: datetime) -> Ongoing:
        application = Ongoing(made("apply", len(self.applications) + 1), person, job)
        self.applications.append(application)
        name = "application-submitted" if job else "prospect-added"
        self.write(application.id, name, at, **application.named, source="s0", outside_source=None)
        return application

    def hire(self, person: str, job: str | None, at: datetime) -> None:
        """A hire that fills no opening; it may be for a job whose first event comes later."""
        self.take(self.apply(person, job, at), None, at, at)

    def take(self, application: Ongoing, opening: str | None, at: datetime, accepted: datetime) -> None:
        """The hire, into the opening where there is one."""
        if opening is not None:
            self.end(opening)
            ids = {"opening": opening, "application": application.id, "candidate": application.person}
            self.write(str(application.job), "opening-filled", at, **ids, accepted_at=stored(accepted))
        self.write(application.id, "candidate-hired", at, **application.named, opening=opening)
        application.ending, application.filled = "hired", opening

    def unhire(self, application: Ongoing, at: datetime) -> None:
        self.write(
            application.id, "candidate-unhired", at, **application.named, opening=application.filled, reason="no-show"
        )
        if application.filled is not None:
            self.reopen(application.filled, at, "same", application.id)
        application.ending, application.filled = None, None

    def step(self, application: Ongoing, name: str, at: datetime, **clear: Any) -> None:
        self.write(application.id, name, at, **application.named, **clear)

    def reject(self, application: Ongoing, at: datetime, name: str) -> None:
        self.step(application, name, at, reason="other")
        application.ending = name

    def unreject(self, application: Ongoing, at: datetime) -> None:
        self.step(application, "application-unrejected", at, reason="mistake")
        application.ending = None

    def offer(self, application: Ongoing, opening: str | None, at: datetime) -> None:
        self.step(application, "offer-made", at, opening=opening)
        application.offers.append(opening)

    def accept(self, application: Ongoing, opening: str, at: datetime) -> None:
        self.step(application, "offer-accepted", at, opening=opening)
        application.offers += [opening] * (opening not in application.offers)

    def end_offer(self, application: Ongoing, at: datetime, rescinded: bool) -> None:
        opening = application.offers.pop()
        name, by = ("offer-rescinded", {"by": "us"}) if rescinded else ("offer-declined", {})
        self.step(application, name, at, opening=opening, reason="salary", **by)

    def transfer(self, application: Ongoing, to: str, at: datetime) -> None:
        self.step(application, "application-transferred", at, to=to, reason="better-fit")
        application.job, application.offers = to, []

    def tell(self, application: Ongoing, name: str, at: datetime, job: str | None) -> None:
        """Any event of any application, as a system with other rules reports it: repeated, late, in any order."""
        values: dict[str, dict[str, Any]] = {
            "candidate-hired": {"opening": None},
            "candidate-unhired": {"opening": None, "reason": "no-show"},
            "offer-made": {"opening": None},
            "offer-accepted": {"opening": made("seat", 0)},
            "offer-declined": {"opening": None, "reason": "salary"},
            "offer-decline-taken-back": {"opening": None},
            "offer-rescinded": {"opening": None, "reason": "salary", "by": "us"},
        }
        self.write(
            application.id,
            name,
            at,
            candidate=application.person,
            requisition=job,
            **values.get(name, {"reason": "other"}),
        )

    def refer(self, application: Ongoing, referrer: str, at: datetime, turned: bool) -> None:
        """A referral of the application's candidate: declined, or taken up and turned into the application."""
        referral = made("referral", len(self.log))
        both = {"referrer": referrer, "candidate": application.person}
        self.write(referral, "referral-made", at, **both, requisition=application.job, relation="colleague")
        if not turned:
            self.write(referral, "referral-declined", at, **both, by="candidate", reason="other")
            return
        self.write(referral, "referral-accepted", at, **both)
        self.write(referral, "referral-turned-into-application", at, **both, application=application.id)
        self.step(application, "application-referred", at, referral=referral, referrer=referrer)
        if application.ending == "hired":
            self.write(
                referral, "referral-credited", at, **both, application=application.id, hired_at=stored(at), rule="first"
            )


def stored(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Move:
    """`other` is when it was, `at` when the person or the job came to us, if that is new; the rest says which."""

    what: str
    number: int
    at: datetime
    other: datetime
    kind: str
    message: int
    choice: int
    flag: bool

    def person(self, history: History) -> str:
        return history.person(self.number, self.at)

    def second(self, history: History) -> str:
        return history.person((self.number + 1 + self.choice) % PEOPLE, self.other)

    def job(self, history: History) -> str:
        return history.job(self.choice % JOBS, self.at)

    def time_or_none(self) -> datetime | None:
        """Some events come without a time."""
        return None if self.choice == 5 else self.other


Make = Callable[[History, Move], None]


def _touch(history: History, move: Move) -> None:
    machine = move.flag and move.choice % 2 == 0
    purpose = (None, "talent_pool", "events")[move.choice % 3]
    history.touch(move.person(history), move.kind, move.time_or_none(), move.message, machine, purpose)


def _correct(history: History, move: Move) -> None:
    move.person(history)
    history.correct(move.choice, move.kind if move.flag else None, move.other, move.message, move.choice == 4)


def _consent(history: History, move: Move) -> None:
    channels = [["email"], ["phone"], ["email", "phone"]][move.choice % 3]
    purpose = "events" if move.message == 2 else "talent_pool"
    history.consent(move.person(history), move.choice if move.flag else 4, move.other, purpose, channels)


def _end(history: History, move: Move) -> None:
    history.end_seat(move.choice, move.person(history), move.at, move.other, move.flag)


def _hire(history: History, move: Move) -> None:
    history.hire(move.person(history), made("job", move.choice % JOBS) if move.flag else None, move.other)


def _apply(history: History, move: Move) -> None:
    history.apply(move.person(history), made("job", move.choice % JOBS) if move.flag else None, move.other)


def _merge(history: History, move: Move) -> None:
    history.merge(move.person(history), move.second(history), move.time_or_none(), move.flag and move.choice == 0)


def _community(history: History, move: Move) -> None:
    by = "self" if move.flag else "recruiter"
    history.community(move.person(history), made("community", move.choice % COMMUNITIES), move.other, by)


def _access(history: History, move: Move) -> None:
    people = [move.person(history), move.second(history)][: move.message]
    reader = f"user:{'ana' if move.flag else 'ben'}"
    history.access(people, move.time_or_none(), ("viewed", "searched", "exported")[move.choice % 3], reader)


def _with(endings: tuple[str | None, ...], make: Callable[[History, Move, Ongoing], None]) -> Make:
    """The move with one of the applications that ended so (None: not yet), if there is one."""

    def done(history: History, move: Move) -> None:
        matching = [application for application in history.applications if application.ending in endings]
        if matching:
            make(history, move, matching[-1 - move.number % len(matching)])

    return done


def _offer(history: History, move: Move, application: Ongoing) -> None:
    seats = history.seats_of(application.job)
    if application.job is not None:
        history.offer(application, seats[0] if seats and move.flag else None, move.other)


def _accept(history: History, move: Move, application: Ongoing) -> None:
    for opening in history.seats_of(application.job)[:1]:
        history.accept(application, opening, move.other)


def _take(history: History, move: Move, application: Ongoing) -> None:
    seats = history.seats_of(application.job)
    history.take(application, seats[0] if seats and move.flag else None, move.other, move.at)


def _transfer(history: History, move: Move, application: Ongoing) -> None:
    to = history.job((move.choice + 1) % JOBS, move.at)
    if to != application.job:
        history.transfer(application, to, move.other)


STATED_AGAIN = ("candidate-hired", "candidate-hired", "candidate-unhired", "application-rejected",
             "application-unrejected", "application-withdrawn", "offer-made", "offer-accepted", "offer-accepted",
             "offer-declined", "offer-declined", "offer-decline-taken-back", "offer-rescinded",
             "offer-rescinded")  # fmt: skip
"""The facts, and what takes them back, that a history tells whatever went before."""


def _tell(history: History, move: Move, application: Ongoing) -> None:
    name = STATED_AGAIN[(move.choice * 2 + move.flag + move.number * 3) % len(STATED_AGAIN)]
    job = history.job(move.number % JOBS, move.at) if move.flag or name.startswith("offer") else application.job
    history.tell(application, name, move.other, job)


PEOPLE_MOVES: Mapping[str, Make] = {
    "touch": _touch,
    "correct": _correct,
    "consent": _consent,
    "hire": _hire,
    "apply": _apply,
    "merge": _merge,
    "unmerge": lambda history, move: history.unmerge(move.choice, move.time_or_none()),
    "community": _community,
    "erase": lambda history, move: history.erase(move.person(history), move.time_or_none(), move.flag),
    "access": _access,
    "complete": lambda history, move: history.complete(move.person(history), move.choice, move.time_or_none()),
    "propose": lambda history, move: history.propose(
        move.person(history), move.choice % 2, move.time_or_none(), move.number == 5
    ),
}
JOB_MOVES: Mapping[str, Make] = {
    "seat": lambda history, move: history.open_seat(move.job(history), move.other),
    "end": _end,
    "reopen": lambda history, move: history.reopen_ended(move.choice, move.other, "new" if move.flag else "same"),
    "hold": lambda history, move: history.hold(move.job(history), move.other),
    "close": lambda history, move: history.close(move.job(history), move.other, move.flag),
    "date": lambda h, move: h.correct_date(move.job(h), move.number + move.choice, move.other, move.at),
    "tell-seat": lambda history, move: history.tell_of_seat(move.choice, move.other, move.person(history)),
}
APPLICATION_MOVES: Mapping[str, Make] = {
    "stage": _with(
        (None,),
        lambda h, move, application: h.step(application, "stage-entered", move.other, stage=STAGES[move.choice]),
    ),
    "back": _with(
        (None,),
        lambda h, move, application: h.step(
            application, "application-moved-back", move.other, stage=STAGES[move.choice], reason="other"
        ),
    ),
    "reject": _with((None,), lambda h, move, application: h.reject(application, move.other, "application-rejected")),
    "withdraw": _with((None,), lambda h, move, application: h.reject(application, move.other, "application-withdrawn")),
    "unreject": _with(("application-rejected",), lambda h, move, application: h.unreject(application, move.other)),
    "offer": _with((None,), _offer),
    "accept": _with((None,), _accept),
    "offer-ends": _with(
        (None,),
        lambda h, move, application: h.end_offer(application, move.other, move.flag) if application.offers else None,
    ),
    "take": _with((None,), _take),
    "unhire": _with(("hired",), lambda h, move, application: h.unhire(application, move.other)),
    "transfer": _with((None,), _transfer),
    "tell": _with((None, "hired", "application-rejected", "application-withdrawn"), _tell),
    "refer": _with(
        (None, "hired"), lambda h, move, application: h.refer(application, move.second(h), move.other, move.flag)
    ),
}
MOVES: Mapping[str, Make] = {**PEOPLE_MOVES, **JOB_MOVES, **APPLICATION_MOVES}

# What a history is made of, the more often named the more of it; a test takes the mix that tells most about its rows.
SIMPLE = ("touch",) * 6 + ("correct",) * 4 + ("consent", "consent", "seat", "seat", "end", "end", "hire", "apply")
PERSONS = (*("touch",) * 6, *("complete",) * 3, *("correct",) * 3, *("merge",) * 4, *("unmerge",) * 2,
           *("consent",) * 2, "hire", "unhire", "apply", *("tell",) * 3, "community", "community",
           "refer", "access", "access", "erase", *("propose",) * 2)  # fmt: skip
OF_JOBS = (*("seat",) * 3, *("end",) * 3, *("reopen",) * 3, *("unhire",) * 2, *("hold",) * 2, *("close",) * 3,
           *("date",) * 3, "apply", "take", "take", "accept", "offer", "offer-ends", "transfer", "hire", *("tell",) * 3,
           *("tell-seat",) * 3)  # fmt: skip
APPLICATIONS = (*("apply",) * 3, *("stage",) * 6, *("tell",) * 8, "merge", "merge", "unmerge", "seat", "complete",
                "complete",
                *sorted(APPLICATION_MOVES))  # fmt: skip
EVERYTHING = (*PERSONS, *OF_JOBS, *APPLICATIONS)

# Mostly days at which a definition turns, so that two of them often stand exactly so far apart.
days = st.one_of(*[st.sampled_from([0, 1, 7, 14, 90, 179, 180, 181, 360])] * 3, st.integers(0, 500))
moments = st.builds(lambda day, hour: START + timedelta(days=day, hours=hour), days, st.sampled_from([0, 0, 0, 1, 11]))


def moves(what: tuple[str, ...]) -> st.SearchStrategy[Move]:
    return st.builds(
        Move, st.sampled_from(what), st.sampled_from([0, 0, 0, 1, 1, 2, 3]), moments, moments, st.sampled_from(KINDS),
        st.sampled_from([1, 1, 1, 2, 0]), st.integers(0, 5), st.booleans(),
    )  # fmt: skip


unknown = st.fixed_dictionaries({number: st.frozensets(st.sampled_from(SEGMENTS)) for number in range(PEOPLE)})


@st.composite
def histories(draw: st.DrawFn, longest: int, what: tuple[str, ...] = SIMPLE) -> list[Event]:
    """A valid log of up to some dozens of events; its positions often cross the edge of a tally's block."""
    history = History((1 << 14) - draw(st.integers(1, 30)), draw(unknown))
    for move in draw(st.lists(moves(what), min_size=longest // 3, max_size=longest)):
        MOVES[move.what](history, move)
    if not history.log:
        history.person(0, START)
    return history.log


def record(connection: psycopg.Connection[Any], log: list[Event]) -> None:
    """Puts the events straight into the log's table."""
    columns = (
        "position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, recorded_at, clear,"
        " people, state, actor"
    )
    with connection.cursor().copy(f"copy event ({columns}) from stdin".encode()) as copy:
        for event in log:
            copy.write_row(
                (event["position"], event["stream"], event["version"], UUID(int=event["position"]), event["type"],
                 event["occurred_at"], event.get("how", "unknown"), event["recorded_at"],
                 json.dumps(event["clear"]), [UUID(event["stream"])], b"",
                 event.get("actor", "test"))
            )  # fmt: skip
