"""Any commands in any order, also concurrent: no message is sent without a valid consent, erased people cannot be
read, and every state that a decision used can be folded from the stored rows.

The log is the real one, on a database whose clock can be moved. What must hold is judged from its raw rows, by rules
that are written here anew and know nothing of the gate's code.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg.rows import dict_row

from adapters import bootstrap
from adapters.bootstrap import VERB_OF
from adapters.intake.imports.importing import Importer, Order, Report
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.migrate import PROJECTOR
from adapters.postgres.projector.runner import Runner
from adapters.settings import Settings
from commands.attached import Attached
from commands.correct_touchpoint import CorrectTouchpoint
from commands.give_consent import GiveConsent
from commands.handle import Occasion, handle
from commands.learn_profile_fact import LearnProfileFact
from commands.log import Completed
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.refuse_consent import RefuseConsent
from commands.request_send import RequestSend
from commands.restrict_processing import RestrictProcessing
from commands.source_candidate import SourceCandidate
from commands.unmerge_candidates import UnmergeCandidates
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CANDIDATE, Candidate
from domain.consent import (
    ConsentHasExpired,
    ConsentIsMissing,
    ConsentIsWithheld,
    ConsentWasRefused,
    ConsentWasWithdrawn,
)
from domain.errors import Refused
from domain.event import Aggregate, Event, Recorded
from domain.purposes import CONSENT_CHANNELS, PURPOSES
from domain.statements import Statements
from domain.streams import Loaded, Reads, Wanted
from domain.suppression import SUPPRESSION, AddressIsSuppressed
from projections.consent_state import CONSENT_STATE
from projections.directory import DIRECTORY
from projections.read_model import ReadModel
from tests.databases import fresh_database

EXAMPLES, STEPS = 35, 25
"""In CI, in half a minute; what it found, it found by hand in runs of 200 and more histories of 40 steps."""
NUMBERS = itertools.count(1)
CHANNEL_OF = {"email-sent": "email", "text-sent": "text", "newsletter-sent": "email"}
NO_CONSENT = (ConsentIsMissing, ConsentWasRefused, ConsentWasWithdrawn, ConsentIsWithheld, ConsentHasExpired)
SLOTS = ("ines", "joao", "kim")
SOURCE = "old-crm"
NOES = ("withdraw", "refuse", "stop", "correct", "merge", "erase", "restrict")
STORIES = ("send", "give", "learn", "unmerge", "expire", *NOES)
DAY = timedelta(days=1)

MOVED_CLOCK = """
create table moved (by interval not null);
insert into moved values ('0');
create function moved_clock() returns timestamptz language sql volatile security definer as
    'select clock_timestamp() + by from public.moved';
alter table event alter recorded_at set default moved_clock();
"""
ROWS = """
select position, stream_id as stream, event_id as id, type, coalesce(occurred_at, recorded_at) as at, recorded_at,
       correlation_id as command, clear
from event where position > %s order by position
"""
TEXT_COLUMNS = """
select format('select count(*) as n from %I.%I t where t::text like %%s', table_schema, table_name) as counted
from information_schema.tables where table_type = 'BASE TABLE' and table_schema !~ '^(pg_|information_schema)'
"""

Row = dict[str, Any]
Link = tuple[str, str]
"""(survivor, absorbed): a merge."""


@dataclass(slots=True)
class SeeingLog:
    """The log, with a record of the states that decisions read.

    `meanwhile`: what another client does, once, right before the named call goes through.
    """

    log: EventLog
    seen: list[tuple[Aggregate[Any], UUID, Reads, Loaded]] = field(default_factory=list)
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)

    def do_meanwhile(self, call: str) -> None:
        self.meanwhile.pop(call, lambda: None)()

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        return self.load_all({stream: (aggregate, reads)})[stream]

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        self.do_meanwhile("load_all")
        loaded = self.log.load_all(wanted)
        self.seen += [(aggregate, stream, reads, loaded[stream]) for stream, (aggregate, reads) in wanted.items()]
        return loaded

    def completed(self, commands: Sequence[Any]) -> Completed:
        completed = self.log.completed(commands)
        self.do_meanwhile("completed")
        return completed

    def known(self, events: Collection[UUID]) -> Mapping[UUID, int]:
        return self.log.known(events)

    def precedence(self, streams: Collection[UUID]) -> AbstractContextManager[None]:
        return self.log.precedence(streams)

    def append_block(self, events: Sequence[Recorded[Event]], attached: Attached) -> int:
        self.do_meanwhile("append_all")
        return self.log.append_block(events, attached)

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> list[int | Exception]:
        self.do_meanwhile("append_all")
        return self.log.append_all(appends)


class House:
    """A database of its own with everything that works on it, and a clock that goes as the story has it."""

    def __init__(self, stack: ExitStack, server: str, key_file: KeyFile) -> None:
        folder = Path(tempfile.mkdtemp(prefix="perennial-machine-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        conninfo = stack.enter_context(fresh_database(server))
        self.passed = timedelta()
        self.owner = stack.enter_context(psycopg.connect(conninfo, autocommit=True, row_factory=dict_row))
        self.owner.execute(MOVED_CLOCK)
        self.log = stack.enter_context(EventLog(conninfo, key_file))
        self.seeing = SeeingLog(self.log)
        self.projector = stack.enter_context(open_datastore(conninfo, PROJECTOR, pool_size=2))
        self.key_file, self.folder = key_file, folder
        chosen = Settings(key_file=key_file.path, data_folder=folder)
        self.erasing = replace(bootstrap.erasing(self.log, chosen), now=self.now)
        self.expiry = replace(bootstrap.expiring(self.log), log=self.seeing, now=self.now)
        self.importer = Importer(self.log, VERB_OF, ZoneInfo("UTC"), self.now, folder / "imports")

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def let_pass(self, time: timedelta) -> None:
        self.passed += time
        self.owner.execute("update moved set by = %s", (self.passed,))

    def rows(self, after: int) -> list[Row]:
        return self.owner.execute(ROWS, (after,)).fetchall()

    def fold(self, *models: ReadModel) -> None:
        Runner(self.projector, models, "UTC", self.key_file, batch=500).catch_up()

    def rows_with(self, text: str) -> int:
        """How many rows of any table have the text in them, also in what is stored as bytes."""
        self.owner.execute("set bytea_output = 'escape'")
        tables = self.owner.execute(TEXT_COLUMNS).fetchall()
        return sum(self.count(table["counted"], f"%{text}%") for table in tables)

    def count(self, query: str, text: str) -> int:
        row = self.owner.execute(query.encode(), (text,)).fetchone()
        return int(row["n"]) if row else 0


@dataclass(slots=True)
class Oracle:
    """The expected states, computed from the raw rows alone."""

    rows: list[Row] = field(default_factory=list)

    def person(self, record: UUID, before: int) -> set[UUID]:
        """The records that were one person with this one, before the position."""
        links: set[frozenset[str]] = set()
        for row in self.of("candidates-merged", "candidates-unmerged", before=before):
            link = frozenset((row["clear"]["survivor"], row["clear"]["absorbed"]))
            (links.add if row["type"] == "candidates-merged.v1" else links.discard)(link)
        records = {str(record)}
        while grown := [link for link in links if link & records and not link <= records]:
            records = records.union(*grown)
        return set(map(UUID, records))

    def of(self, *types: str, before: int) -> Iterator[Row]:
        names = {f"{name}.v1" for name in types}
        return (row for row in self.rows if row["type"] in names and row["position"] < before)

    def allowing(
        self, person: set[UUID], purpose: str, channel: str, moment: datetime, before: int, own: bool = False
    ) -> set[UUID]:
        """The yeses by which it was allowed at that time, as known before the position; none: it was not.

        own: by what was answered alone, whatever merges withhold."""
        answers = [
            row
            for row in self.of(
                "consent-given", "consent-refused", "consent-withdrawn", "consent-withheld", before=before
            )
            if row["stream"] in person
            and row["at"] <= moment
            and is_about(row["clear"], purpose, channel)
            and not self.is_lifted(row, moment, before)
            and not (own and row["type"] == "consent-withheld.v1")
        ]
        last = [row for row in answers if row["at"] == max(answer["at"] for answer in answers)]
        return {row["id"] for row in last} if all(holds(row, moment) for row in last) else set()

    def is_lifted(self, row: Row, moment: datetime, before: int) -> bool:
        """Whether an un-merge had ended what a merge withheld."""
        endings = self.of("consent-withholding-ended", before=before)
        return any(ending["clear"]["withheld"] == str(row["id"]) and ending["at"] <= moment for ending in endings)

    def anything(self, person: set[UUID], moment: datetime, before: int) -> bool:
        pairs = itertools.product(("talent_pool", "newsletter"), ("email", "text"))
        return any(self.allowing(person, purpose, channel, moment, before) for purpose, channel in pairs)

    def answered(self, record: UUID, moment: datetime, before: int) -> tuple[bool, bool]:
        """Whether the record alone allows anything, and whether it denies anything."""
        allowed = denied = False
        for purpose, channel in itertools.product(PURPOSES, CONSENT_CHANNELS):
            yes = self.allowing({record}, purpose, channel, moment, before, own=True)
            allowed |= bool(yes)
            answers = [
                row
                for row in self.of("consent-given", "consent-refused", "consent-withdrawn", before=before)
                if row["stream"] == record and row["at"] <= moment and is_about(row["clear"], purpose, channel)
            ]
            newest = [row for row in answers if row["at"] == max(answer["at"] for answer in answers)]
            denied |= any(row["type"] != "consent-given.v1" for row in newest)
        return allowed, denied

    def withholding(self, records: Collection[UUID], moment: datetime, before: int) -> set[Link]:
        """The merges that withhold something in these records."""
        return {
            (row["clear"]["survivor"], row["clear"]["absorbed"])
            for row in self.of("consent-withheld", before=before)
            if row["stream"] in records and not self.is_lifted(row, moment, before)
        }

    def is_erased(self, person: set[UUID], before: int) -> bool:
        return any(row["stream"] in person for row in self.of("erasure-requested", before=before))

    def is_restricted(self, person: set[UUID], before: int) -> bool:
        return any(row["stream"] in person for row in self.of("processing-restricted", before=before))

    def shut_out(self, addresses: Mapping[UUID, str], returned: Collection[UUID]) -> dict[str, str]:
        """The addresses that only their own person may bring in, and why.

        `addresses`: by the event that has it. `returned`: the records of people who returned on their own.
        """
        shut: dict[str, str] = {}
        kept: defaultdict[str, set[Link]] = defaultdict(set)
        batches = itertools.groupby(self.rows, key=lambda row: row["command"])
        for rows in (list(batch) for _, batch in batches):
            first, end, at = rows[0]["position"], rows[-1]["position"] + 1, rows[-1]["recorded_at"]
            for row in rows:
                person = self.person(row["stream"], end)
                theirs = self.theirs(person, addresses, first)
                if row["type"] == "erasure-requested.v1":
                    shut |= dict.fromkeys(theirs, "erased")
                elif self.took_all_back(row, person, first, end):
                    shut |= {address: "withdrew" for address in theirs if address not in shut}
                elif self.left_nothing(row, person, first, end):
                    for address in theirs:
                        kept[address] |= self.withholding(person, at, end)
                elif self.came_back(row, person, end):
                    shut = {address: why for address, why in shut.items() if address not in theirs or why == "erased"}
                    for address in theirs - shut.keys():
                        kept.pop(address, None)
                elif row["type"] == "candidate-sourced.v1" and row["stream"] in returned:
                    shut.pop(addresses[row["id"]], None)
                    kept.pop(addresses[row["id"]], None)
            if rows[0]["type"] == "candidates-unmerged.v1":
                self.part(rows[0], addresses, shut, kept)
        return {**{address: "merged" for address, merges in kept.items() if merges}, **shut}

    def part(
        self, row: Row, addresses: Mapping[UUID, str], shut: dict[str, str], kept: defaultdict[str, set[Link]]
    ) -> None:
        """An un-merge lets in what that merge alone kept out, but for what a record's own no keeps out."""
        end = next((later["position"] for later in self.rows if later["position"] >= row["position"]
                    and later["command"] != row["command"]), self.rows[-1]["position"] + 1)  # fmt: skip
        at = max(same["at"] for same in self.rows if same["command"] == row["command"])
        two = {UUID(row["clear"]["survivor"]), UUID(row["clear"]["absorbed"])}
        for address in set().union(*(self.theirs(self.person(merged, end), addresses, end) for merged in two)):
            sides = [
                side
                for side in (self.person(merged, end) for merged in two)
                if address in self.theirs(side, addresses, end)
            ]
            others = set().union(*(self.withholding(side, at, end) for side in sides))
            records = set().union(*(self.person(merged, row["position"]) for merged in two))
            ever = {
                (withheld["clear"]["survivor"], withheld["clear"]["absorbed"])
                for withheld in self.of("consent-withheld", before=end)
                if withheld["stream"] in records
            } | {(row["clear"]["survivor"], row["clear"]["absorbed"])}
            over = kept[address] & (ever - others)
            kept[address] -= over
            if not over or kept[address] or address in shut:
                continue
            holders = [
                {holder} for side in sides for holder in side if address in self.theirs({holder}, addresses, end)
            ]
            answered = [[self.answered(record, at, end) for record in people] for people in (*holders, *sides)]
            if any(not any(yes for yes, _ in states) and any(no for _, no in states) for states in answered):
                shut[address] = "withdrew"
            elif any(not self.anything(side, at, end) for side in sides):
                kept[address] |= others

    def theirs(self, person: set[UUID], addresses: Mapping[UUID, str], before: int) -> set[str]:
        rows = self.of("candidate-sourced", "profile-fact-learned", before=before)
        return {addresses[row["id"]] for row in rows if row["stream"] in person and row["id"] in addresses}

    def took_all_back(self, row: Row, person: set[UUID], first: int, end: int) -> bool:
        """Whether a no left nothing that any of the person's records alone allows."""
        if row["type"] not in ("consent-withdrawn.v1", "consent-refused.v1") or row["clear"]["method"] == "erasure":
            return False
        before, after = (
            any(self.answered(record, row["recorded_at"], position)[0] for record in person)
            for position in (first, end)
        )
        return not after and (before or row["type"] == "consent-withdrawn.v1")

    def left_nothing(self, row: Row, person: set[UUID], first: int, end: int) -> bool:
        """Whether a merge, or a no, left nothing that is not withheld."""
        if row["type"] not in ("consent-withdrawn.v1", "consent-refused.v1", "consent-withheld.v1"):
            return False
        if row["type"] == "consent-refused.v1" and not any(
            self.answered(record, row["recorded_at"], first)[0] for record in person
        ):
            return False
        return not self.anything(person, row["recorded_at"], end)

    def came_back(self, row: Row, person: set[UUID], end: int) -> bool:
        if row["type"] != "consent-given.v1" or row["clear"]["answered_by"] != "self":
            return False
        return self.anything(person, row["recorded_at"], end)


def is_about(clear: Mapping[str, Any], purpose: str, channel: str) -> bool:
    return clear["purpose"] == purpose and (channel in clear["channels"] or bool(clear.get("entirely")))


def holds(row: Row, moment: datetime) -> bool:
    until = row["clear"].get("valid_until")
    return row["type"] == "consent-given.v1" and (until is None or moment < datetime.fromisoformat(until))


people = st.sampled_from([0, 0, 0, 1, 1, 2, 3])
slots = st.sampled_from(SLOTS)
calls = st.sampled_from(["append_all", "append_all", "load_all", "completed"])
purposes = st.sampled_from(["talent_pool", "talent_pool", "newsletter"])
channels = st.sampled_from([("email",), ("email",), ("text",), ("email", "text")])
kinds = st.sampled_from(["email-sent", "email-sent", "text-sent", "newsletter-sent"])
some_channels = channels | st.just(())
times = st.sampled_from([timedelta(hours=1), 3 * DAY, 20 * DAY, 20 * DAY, 800 * DAY])
late = st.sampled_from([timedelta(), timedelta(), timedelta(), timedelta(hours=2), 5 * DAY])


class AnyConsent(RuleBasedStateMachine):
    """Three people, whose records are not linked at the start."""

    server: str
    key_file: KeyFile

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.house = House(self.stack, self.server, self.key_file)
        self.oracle = Oracle()
        self.records: list[UUID] = []
        self.slot_of: dict[UUID, str] = {}
        self.addresses: dict[UUID, str] = {}
        self.returned: set[UUID] = set()
        self.checked = 0

    # --- asking

    def ask(self, command: Command) -> Refused | PersonWasErased | None:
        """What stood in the way, if anything did."""
        try:
            done = handle(self.house.seeing, VERB_OF, Occasion(uuid4(), "user:ana", command.now), lambda: (command,))
        except (Refused, PersonWasErased) as refusal:
            return refusal
        if isinstance(command, LearnProfileFact) and done.events:
            self.addresses[done.events[0].id] = command.value
        return None

    def read(self) -> None:
        """Takes in what the log has grown by. Who was sourced had the address of their slot."""
        self.oracle.rows += self.house.rows(self.oracle.rows[-1]["position"] if self.oracle.rows else 0)
        for row in self.oracle.rows[self.checked :]:
            if row["type"] == "candidate-sourced.v1":
                self.addresses[row["id"]] = address(self.slot_of[row["stream"]])
            if row["type"] == "profile-fact-learned.v1" and row["clear"]["fact"] == "email":
                self.addresses.setdefault(row["id"], address(self.slot_of[row["stream"]]))

    def record(self, number: int) -> UUID:
        return self.records[number % len(self.records)]

    def now(self, ago: timedelta = timedelta()) -> dict[str, Any]:
        now = self.house.now()
        return {"now": now, "occurred_at": now - ago} if ago else {"now": now}

    # --- requests: a command or a longer story, by a record's number

    def sourcing(self, slot: str, returning: bool) -> SourceCandidate:
        candidate = uuid4()
        self.slot_of[candidate] = slot
        if returning:
            self.returned.add(candidate)
        return SourceCandidate(
            candidate=candidate, source="fair", name=f"canary {candidate}", emails=(address(slot),),
            returning=returning, **self.now(),
        )  # fmt: skip

    def giving(self, record: UUID, purpose: str, named: tuple[str, ...], days: int | None, own: bool,
               ago: timedelta) -> GiveConsent:  # fmt: skip
        when = self.now(ago)
        until = None if days is None else when["now"] - ago + days * DAY
        return GiveConsent(
            candidate=record, purpose=purpose, channels=named, answered_by="self" if own else "recruiter",
            method="web-form", valid_until=until, evidence=f"canary {record}", **when,
        )  # fmt: skip

    def sending(self, record: UUID, kind: str, ago: timedelta) -> RequestSend:
        return RequestSend(candidate=record, touchpoint=uuid4(), kind=kind, note=f"canary {record}", **self.now(ago))

    def request(self, story: str, record: UUID, data: st.DataObject) -> Callable[[], object]:
        """What may be asked about a record, to be asked when it is called."""
        other = self.record(data.draw(people))
        purpose, named, ago = data.draw(purposes), data.draw(some_channels), data.draw(late)
        about: dict[str, Any] = {"candidate": record, "purpose": purpose, "channels": named}
        stop: dict[str, Any] = {"candidate": record, "touchpoint": uuid4(), "kind": "email-unsubscribed"}
        learn: dict[str, Any] = {"candidate": record, "fact": "email", "learned_from": "self", "value": address("lou")}
        merge: dict[str, Any] = {"candidate": record, "absorbed": other}
        requests: Mapping[str, Callable[[], object]] = {
            "send": lambda: self.ask(self.sending(record, "email-sent", timedelta())),
            "give": lambda: self.ask(self.giving(record, purpose, named or ("email",), 30, True, timedelta())),
            "withdraw": lambda: self.ask(WithdrawConsent(**about, **self.now(ago))),
            "refuse": lambda: self.ask(RefuseConsent(**about, **self.now(ago))),
            "stop": lambda: self.ask(RecordTouchpoint(**stop, **self.now())),
            "correct": lambda: self.corrected_into_a_stop(record),
            "learn": lambda: self.ask(LearnProfileFact(**learn, **self.now())),
            "merge": lambda: self.ask(MergeCandidates(**merge, evidence=("stated",), **self.now())),
            "unmerge": lambda: self.ask(UnmergeCandidates(**merge, **self.now())),
            "erase": lambda: self.erased(record),
            "restrict": lambda: self.ask(RestrictProcessing(candidate=record, ground="disputed", **self.now())),
            "expire": self.expire,
        }
        return requests[story]

    def corrected_into_a_stop(self, record: UUID) -> None:
        about: dict[str, Any] = {"candidate": record, "touchpoint": uuid4()}
        self.ask(RecordTouchpoint(**about, kind="call-answered", **self.now()))
        self.ask(CorrectTouchpoint(**about, kind="email-unsubscribed", **self.now()))

    # --- the rules

    @initialize(slots=st.lists(slots, min_size=1, max_size=3), merged=st.booleans(), left=st.booleans())
    def some_are_known(self, slots: list[str], merged: bool, left: bool) -> None:
        for slot in slots:
            self.source(slot, returning=False)
            self.give(len(self.records) - 1, "talent_pool", ("email",), None, own=True, ago=timedelta())
        if merged and left and len(slots) > 1:
            self.ask(WithdrawConsent(candidate=self.records[0], purpose="talent_pool", **self.now()))
        if merged and len(slots) > 1:
            self.ask(
                MergeCandidates(candidate=self.records[1], absorbed=self.records[0], evidence=("stated",), **self.now())
            )

    @rule(slot=slots, returning=st.sampled_from([False, False, True]))
    def source(self, slot: str, returning: bool) -> None:
        self.read()
        shut = self.oracle.shut_out(self.addresses, self.returned)
        command = self.sourcing(slot, returning)
        refusal = self.ask(command)
        stopped = isinstance(refusal, AddressIsSuppressed)
        assert stopped == (address(slot) in shut and not returning), (shut, refusal)
        if stopped:
            self.check_stopped(command.candidate, slot)
        else:
            assert refusal is None
            self.records.append(command.candidate)

    @rule(slot=slots, number=st.integers(1, 3))
    def import_again(self, slot: str, number: int) -> None:
        """A file of another system: a record that we know by its id there, or one with an address that we may know."""
        outside = f"{slot}-{number}"
        stream = self.house.key_file.stream_of(SOURCE, "candidate", outside)
        self.slot_of[stream] = slot
        self.read()
        shut, exists = self.oracle.shut_out(self.addresses, self.returned), stream in self.records
        erased = self.oracle.is_erased({stream}, self.after())
        tag = next(NUMBERS)  # else a line that was imported before would be known, and asked about no more
        report = self.imported(
            "candidates", f"id,name,emails,tags\n{outside},canary {stream},{address(slot)},tag {tag}\n"
        )
        reasons = set(report.standing.reasons)
        if exists:
            assert not erased or (reasons <= {"address-is-suppressed", "candidate-is-erased"} and reasons)
        else:
            assert reasons == ({"address-is-suppressed"} if address(slot) in shut else set())
        if "address-is-suppressed" in reasons:
            self.check_stopped(stream, slot)
        elif not exists and not reasons:
            self.records.append(stream)

    @precondition(lambda self: self.records)
    @rule(slot=slots, number=st.integers(1, 3), ago=st.sampled_from([DAY, 40 * DAY, 900 * DAY]))
    def import_an_old_consent(self, slot: str, number: int, ago: timedelta) -> None:
        """An imported yes is as old as it is, and revives nothing."""
        given = (self.house.now() - ago).isoformat()
        head = "candidate,answer,at,purpose,channels,evidence\n"
        self.imported("consents", f"{head}{slot}-{number},given,{given},talent_pool,email,canary sheet\n")

    def imported(self, kind: str, text: str) -> Report:
        file = self.house.folder / f"{uuid4()}.csv"
        file.write_text(text)
        return self.house.importer.import_file(Order(file, kind, SOURCE, "csv"), {})

    @precondition(lambda self: self.records)
    @rule(
        number=people,
        purpose=purposes,
        named=channels,
        days=st.sampled_from([None, 2, 30]),
        own=st.booleans(),
        ago=late,
    )
    def give(self, number: int, purpose: str, named: tuple[str, ...], days: int | None, own: bool,
             ago: timedelta) -> None:  # fmt: skip
        self.ask(self.giving(self.record(number), purpose, named, days, own, ago))

    @precondition(lambda self: self.records)
    @rule(number=people, kind=kinds, ago=late)
    def send(self, number: int, kind: str, ago: timedelta) -> None:
        record = self.record(number)
        self.read()
        command = self.sending(record, kind, ago)
        refusal = self.ask(command)
        if isinstance(refusal, NO_CONSENT):
            person = self.oracle.person(record, self.after())
            purpose = "newsletter" if kind == "newsletter-sent" else "talent_pool"
            by = [
                self.oracle.allowing(person, purpose, CHANNEL_OF[kind], moment, self.after())
                for moment in (command.now, command.moment)
            ]
            assert not all(by), f"{refusal}, and yet it was allowed"

    @precondition(lambda self: self.records)
    @rule(number=people, kind=kinds, ago=late)
    def report(self, number: int, kind: str, ago: timedelta) -> None:
        """Another system sent it; the invariant determines what covered it."""
        self.ask(
            RecordTouchpoint(
                candidate=self.record(number), touchpoint=uuid4(), kind=kind, reported_by="mailer", **self.now(ago)
            )
        )

    @precondition(lambda self: self.records)
    @rule(data=st.data(), story=st.sampled_from(STORIES), number=people)
    def do_anything(self, data: st.DataObject, story: str, number: int) -> None:
        self.request(story, self.record(number), data)()

    @precondition(lambda self: self.records)
    @rule(data=st.data(), call=calls, story=st.sampled_from(NOES), number=people, other=people)
    def send_during_a_refusal(self, data: st.DataObject, call: str, story: str, number: int, other: int) -> None:
        self.two_at_once(
            call, self.request("send", self.record(number), data), self.request(story, self.record(other), data)
        )

    @precondition(lambda self: self.records)
    @rule(
        data=st.data(), call=calls, stories=st.tuples(st.sampled_from(STORIES), st.sampled_from(STORIES)), number=people
    )
    def do_two_things(self, data: st.DataObject, call: str, stories: tuple[str, str], number: int) -> None:
        record = self.record(number)
        self.two_at_once(call, *(self.request(story, record, data) for story in stories))

    def two_at_once(self, call: str, slower: Callable[[], object], faster: Callable[[], object]) -> None:
        """Two clients decide on the same state, and one of them has written before the other's call goes through."""
        self.house.seeing.meanwhile[call] = faster
        slower()
        self.house.seeing.meanwhile.clear()

    @rule(time=times, noted=st.booleans())
    def time_passes(self, time: timedelta, noted: bool) -> None:
        self.house.let_pass(time)
        if noted:
            self.expire()

    def expire(self) -> None:
        self.house.fold(CONSENT_STATE)
        self.house.expiry.run()

    def erased(self, record: UUID) -> None:
        try:
            erasure = self.house.erasing.erase(record, by="self", ground="art-17", actor="user:ana")
        except Refused:
            return
        assert erasure.state == "completed"
        for erased in erasure.records:
            self.check_unreadable(erased)

    # --- what must hold

    def after(self) -> int:
        """The position after all that was read."""
        return (self.oracle.rows[-1]["position"] if self.oracle.rows else 0) + 1

    def check_stopped(self, record: UUID, slot: str) -> None:
        stream = self.house.log.addresses.stream("email", address(slot))
        last = [row for row in self.house.rows(0) if row["stream"] == stream]
        assert any(row["clear"].get("candidate") == str(record) for row in last), "a stop that was not recorded"

    def check_unreadable(self, record: UUID) -> None:
        history = self.house.log.history(record)
        assert history
        assert not [entry for entry in history if "canary" in repr(entry.event)]

    @invariant()
    def nothing_is_sent_without_a_living_consent(self) -> None:
        self.read()
        for row in self.oracle.rows[self.checked :]:
            clear = row["clear"]
            if row["type"] == "touchpoint-recorded.v1" and clear["kind"] in CHANNEL_OF:
                self.check_authority(row, clear)
            if row["type"] == "consent-expired.v1":
                self.check_end(row, clear)
        self.checked = len(self.oracle.rows)

    def check_authority(self, row: Row, clear: Mapping[str, Any]) -> None:
        position, person = row["position"], self.oracle.person(row["stream"], row["position"])
        subject = clear["purpose"], CHANNEL_OF[clear["kind"]]
        by = self.oracle.allowing(person, *subject, row["at"], position)
        restricted = self.oracle.is_restricted(person, position)
        assert not self.oracle.is_erased(person, position)
        if clear["reported_by"] != "perennial":
            assert clear["authorised"] == bool(by) or restricted
            return
        assert UUID(clear["consent"]) in by
        decided = row["recorded_at"] - timedelta(seconds=5), row["recorded_at"]  # at some moment between these
        assert row["at"] > decided[0] or any(
            self.oracle.allowing(person, *subject, moment, position) for moment in decided
        )
        assert not restricted

    def check_end(self, row: Row, clear: Mapping[str, Any]) -> None:
        """It occurs when the consent that it names ended, once."""
        (given,) = (
            consent
            for consent in self.oracle.of("consent-given", before=row["position"])
            if str(consent["id"]) == clear["consent"]
        )
        assert row["at"] == datetime.fromisoformat(given["clear"]["valid_until"]) <= self.house.now()
        noted = [
            end
            for end in self.oracle.rows
            if end["type"] == row["type"] and end["clear"]["consent"] == clear["consent"]
        ]
        assert noted == [row]

    def teardown(self) -> None:
        try:
            self.read()
            self.house.fold(DIRECTORY)
            self.check_nothing_of_the_erased_is_left()
            self.check_replay()
        finally:
            self.stack.close()

    def check_nothing_of_the_erased_is_left(self) -> None:
        gone = {row["stream"] for row in self.oracle.of("erasure-requested", before=self.after())}
        living = [record for record in self.records if record not in gone]
        for record in gone:
            self.check_unreadable(record)
            assert self.house.rows_with(f"canary {record}") == 0
        for record in living:
            assert self.house.rows_with(f"canary {record}") > 0, "a search that finds no one proves nothing"

    def check_replay(self) -> None:
        """Folding the stored events gives every state that was ever decided on, and what is loaded today."""
        streams = list({row["stream"]: None for row in self.oracle.rows})
        stored: dict[UUID, list[Recorded[Event]]] = {stream: [] for stream in streams}
        for recorded in self.house.log.history_together(streams, 0, 1_000_000):
            stored[recorded.stream].append(recorded)
        assert sum(map(len, stored.values())) == len(self.oracle.rows)
        for aggregate, stream, reads, loaded in self.house.seeing.seen:
            read = [
                entry
                for entry in stored.get(stream, [])
                if entry.version <= loaded.version and type(entry.event) in reads
            ]
            assert unsealed(aggregate.fold(stream, read)) == unsealed(loaded.state)
        candidates = {row["stream"] for row in self.oracle.of("candidate-sourced", before=self.after())}
        for stream, events in stored.items():
            aggregate = CANDIDATE if stream in candidates else SUPPRESSION
            types = frozenset(type(entry.event) for entry in events)
            assert unsealed(aggregate.fold(stream, events)) == unsealed(
                self.house.log.load(aggregate, stream, types).state
            )


def address(slot: str) -> str:
    return f"canary-{slot}@example.org"


def unsealed(state: Any) -> Any:
    """The state without what an erasure makes unreadable: which events told of the profile stays."""
    if not isinstance(state, Candidate):
        return state
    return replace(state, telling=Statements()), [event.id for event in state.telling]


def test_any_history_of_consents(server: str, key_file: KeyFile) -> None:
    AnyConsent.server, AnyConsent.key_file = server, key_file
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink, history by history, takes many minutes
    )
    run_state_machine_as_test(AnyConsent, settings=chosen)
