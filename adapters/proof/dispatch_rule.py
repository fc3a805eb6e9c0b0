"""Nothing was sent without a living consent: the rule replayed from a bundle, apart from the code that enforces it.

Of Perennial it takes the catalogue of touchpoints and the list of event types, which are data. How answers are ordered,
when one has ended and which records are one person is written down here once more, on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.logged_event import LoggedEvent
from domain.catalogue import EVENTS
from domain.touchpoint_kinds import KINDS, Kind

Touchpoint = tuple[str, str]
"""(record, id): a touchpoint's name."""
OURSELVES = "perennial"
"""Who reports what we send ourselves: it must have been allowed when it was recorded too, not only at its own date."""
WITHHELD = "withheld since the merge with"
EVENT_TYPES = frozenset(event.stored_name for event in EVENTS)


@dataclass(frozen=True, slots=True)
class Given:
    """A yes: in which record, for what, from when and until when."""

    record: str
    at: datetime
    purpose: str
    channels: tuple[str, ...]
    until: datetime | None

    def cuts_short(self, older: Given, channel: str, by: datetime) -> bool:
        """Return whether it replaced the older consent and had ended by then."""
        if self.purpose != older.purpose or channel not in self.channels or not older.at <= self.at <= by:
            return False
        return self.until is not None and self.until <= by


@dataclass(frozen=True, slots=True)
class Taken:
    """A no, or the end of a consent: what it ended and when. `channels` None: on all; `consent`: that one alone.

    What a merge withholds ends every consent until it is `lifted`; that, and the merge, is in no other one.
    """

    at: datetime
    what: str
    purpose: str
    channels: tuple[str, ...] | None
    consent: str | None = None
    lifted: datetime | None = None

    def ends(self, event: str, given: Given, channel: str, by: datetime) -> bool:
        """Return whether it ended the consent `event` on the channel by that time."""
        if not given.at <= self.at <= by or self.purpose != given.purpose:
            return False
        if self.lifted is not None and self.lifted <= by:
            return False
        return self.consent in (None, event) and (self.channels is None or channel in self.channels)


@dataclass(frozen=True, slots=True)
class Cited:
    """What a dispatch says it was for, and the event that it says allowed it."""

    purpose: str | None
    consent: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A dispatch as it was recorded, and why no consent covered it then; None where one did."""

    kind: str
    at: datetime
    cited: Cited
    why: str | None


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """A dispatch that no living consent of its person covers, and why not. `reported_by`: who told us of it."""

    index: int
    position: int
    event: str
    record: str
    kind: str
    purpose: str | None
    at: datetime
    reported_by: str
    why: str


@dataclass(slots=True)
class DispatchRule:
    """Hears every event in the order of the log, and knows of each dispatch whether it was allowed as known then."""

    standing: dict[Touchpoint, Unauthorised] = field(default_factory=dict)
    """What no consent covers, as believed by now."""
    overtaken: list[Unauthorised] = field(default_factory=list)
    """What no consent covered, of touchpoints whose id was used again: a correction is of the newer one."""
    taken_back: list[Unauthorised] = field(default_factory=list)
    """What no consent covered, until a correction said that it never was so."""
    unknown: dict[str, int] = field(default_factory=dict)
    """What this version does not know, and the first leaf of each: with any of them the result is unknown."""
    sends_by_consent: Counter[str] = field(default_factory=Counter)
    recorded: int = 0
    """How many dispatches were recorded."""
    sent: dict[Touchpoint, Sent] = field(default_factory=dict)
    become: set[Touchpoint] = field(default_factory=set)
    """What was recorded as something else, and is a dispatch since a correction."""
    newest: set[Touchpoint] = field(default_factory=set)
    """What is a dispatch as far as is known by now; of an id that was used again, the newest use."""
    older: int = 0
    """Of ids that were used again: how many older uses are dispatches still."""
    given: dict[str, Given] = field(default_factory=dict)
    given_in: dict[str, list[str]] = field(default_factory=dict)
    taken: dict[str, dict[str, Taken]] = field(default_factory=dict)
    """By record, and by the event that took it."""
    merged_with: dict[str, str] = field(default_factory=dict)
    """The record that each was last merged with."""
    restrictions: dict[str, list[tuple[datetime, int, bool]]] = field(default_factory=dict)
    """When each record was restricted (true) and when that was lifted: the time, the leaf, and which."""
    links: dict[str, set[str]] = field(default_factory=dict)

    @property
    def dispatches(self) -> int:
        """How many touchpoints are dispatches, or were held to be some."""
        return self.recorded + len(self.become)

    @property
    def believed(self) -> int:
        """How many of them are dispatches as far as is known by now."""
        return len(self.newest) + self.older

    @property
    def exceptions(self) -> list[Unauthorised]:
        """In the order of the log."""
        return sorted((*self.overtaken, *self.standing.values()), key=lambda exception: exception.index)

    def hear(self, event: LoggedEvent) -> None:
        """One more event. Errors: BundleDoesNotHold where it is none that this version could have written."""
        try:
            self._hear(event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleDoesNotHold(f"leaf {event.index} is no {event.type} as this version knows it") from error

    def _hear(self, event: LoggedEvent) -> None:
        match event.type:
            case "touchpoint-recorded.v1":
                self._touchpoint(event)
            case "touchpoint-corrected.v1":
                self._correction(event)
            case "consent-given.v1":
                self._given(event)
            case "consent-refused.v1" | "consent-withdrawn.v1" | "consent-expired.v1" | "consent-withheld.v1":
                partner = self.merged_with.get(event.stream)
                self.taken.setdefault(event.stream, {})[event.event] = taken_by(event, partner)
            case "consent-withholding-ended.v1":
                self._lift(event)
            case "processing-restricted.v1" | "restriction-lifted.v1":
                turn = event.at, event.index, event.type == "processing-restricted.v1"
                self.restrictions.setdefault(event.stream, []).append(turn)
            case "candidates-merged.v1":
                survivor, absorbed = event.clear["survivor"], event.clear["absorbed"]
                self.merged_with[event.stream] = survivor if event.stream == absorbed else absorbed
                self._link(event.clear, together=True)
            case "candidates-unmerged.v1":
                self._link(event.clear, together=False)
            case other if other not in EVENT_TYPES:
                self.unknown.setdefault(other, event.index)

    def _given(self, event: LoggedEvent) -> None:
        clear, until = event.clear, event.clear["valid_until"]
        if event.event in self.given:
            raise BundleDoesNotHold(f"leaf {event.index} has the id of another consent: which one is cited")
        ends = None if until is None else moment(until)
        self.given_in.setdefault(event.stream, []).append(event.event)
        self.given[event.event] = Given(event.stream, event.at, clear["purpose"], tuple(clear["channels"]), ends)

    def _lift(self, event: LoggedEvent) -> None:
        """Lift what a merge withheld. Only what was withheld can be lifted: a person's own refusal stands.

        A bundle that begins late may not hold the event that withheld it.
        """
        withheld = self.taken.get(event.stream, {}).get(event.clear["withheld"])
        if withheld is None:
            return
        if not withheld.what.startswith(WITHHELD):
            raise BundleDoesNotHold(f"leaf {event.index} ends what no merge withheld")
        self.taken[event.stream][event.clear["withheld"]] = replace(withheld, lifted=event.at)

    def _link(self, clear: Mapping[str, str], *, together: bool) -> None:
        survivor, other = clear["survivor"], clear["absorbed"]
        for record, with_it in ((survivor, other), (other, survivor)):
            linked = self.links.setdefault(record, set())
            linked.add(with_it) if together else linked.discard(with_it)

    def _touchpoint(self, event: LoggedEvent) -> None:
        clear, touchpoint = event.clear, (event.stream, event.clear["touchpoint"])
        self.sent.pop(touchpoint, None)
        if touchpoint in self.standing:
            self.overtaken.append(self.standing.pop(touchpoint))
        row = self._kind(event, clear["kind"])
        self.older += touchpoint in self.newest
        self._believe(touchpoint, row)
        if row is None or row.direction != "outbound":
            return
        cited = Cited(clear["purpose"] or row.purpose, clear["consent"])
        why = self._why_not(event.stream, row, cited, event.at)
        if why is None and clear["reported_by"] == OURSELVES:
            why = self._why_not_when_recorded(event, row, cited)
        self.sent[touchpoint] = Sent(row.kind, event.at, cited, why)
        self.recorded += 1
        if why is not None:
            self._except(event, row, cited, event.at, str(clear["reported_by"]), why)
        elif cited.consent is not None:
            self.sends_by_consent[cited.consent] += 1

    def _correction(self, event: LoggedEvent) -> None:
        """Judge a corrected touchpoint anew, by what was known when it was corrected.

        The consent that it was recorded with must cover it; what was recorded as no dispatch has none. What the event
        claims to take back is ignored: only what was recorded counts.
        """
        clear, touchpoint = event.clear, (event.stream, event.clear["touchpoint"])
        former, sent = self.standing.pop(touchpoint, None), self.sent.get(touchpoint)
        row = None if clear["kind"] is None else self._kind(event, clear["kind"])
        now = None if row is None else (row.kind, moment(clear["at"]))
        if former is not None and now != (former.kind, former.at):
            self.taken_back.append(former)
        self._believe(touchpoint, row)
        if row is None or now is None or row.direction != "outbound":
            return
        if sent is None:
            self.become.add(touchpoint)
            cited = Cited(row.purpose, None)
        else:
            cited = sent.cited
        if sent is not None and now == (sent.kind, sent.at):
            why = sent.why
        else:
            why = self._why_not(event.stream, row, cited, now[1])
        if why is not None:
            self._except(event, row, cited, now[1], event.actor, f"as corrected, {why}")

    def _believe(self, touchpoint: Touchpoint, row: Kind | None) -> None:
        is_dispatch = row is not None and row.direction == "outbound"
        (self.newest.add if is_dispatch else self.newest.discard)(touchpoint)

    def _kind(self, event: LoggedEvent, kind: str) -> Kind | None:
        row = KINDS.get(kind)
        if row is None:
            self.unknown.setdefault(f"touchpoint {kind}", event.index)
        return row

    def _except(self, event: LoggedEvent, row: Kind, cited: Cited, at: datetime, reported_by: str, why: str) -> None:
        self.standing[event.stream, event.clear["touchpoint"]] = Unauthorised(
            event.index, event.position, event.event, event.stream, row.kind, cited.purpose, at, reported_by, why
        )

    def _why_not_when_recorded(self, dispatch: LoggedEvent, row: Kind, cited: Cited) -> str | None:
        """Why it was not allowed any more when it was recorded; None where a consent, be it a newer one, allowed it."""
        given = (event for member in self.person(dispatch.stream) for event in self.given_in.get(member, ()))
        citable = (cited, *(Cited(cited.purpose, event) for event in given))
        reasons = [self._why_not(dispatch.stream, row, consent, dispatch.recorded_at) for consent in citable]
        return None if None in reasons else reasons[0]

    def _why_not(self, record: str, row: Kind, cited: Cited, at: datetime) -> str | None:
        """Why the dispatch was not allowed at that time, as known then; None where the consent it cites allowed it."""
        if cited.purpose is None:
            return None  # the catalogue says that this kind needs no consent
        if cited.consent is None:
            return "it cites no consent"
        given = self.given.get(cited.consent)
        if given is None:
            return "what it cites is no consent that was known then"
        if given.record not in (person := set(self.person(record))):
            return "it cites the consent of another person"
        if any(self._is_restricted(member, at) for member in person):
            return "the processing of the person's data was restricted then"
        if given.purpose != cited.purpose or row.channel not in given.channels:
            allowed = f"{given.purpose} on {', '.join(given.channels)}"
            return f"its consent is for {allowed}, not for {cited.purpose} on {row.channel}"
        if given.at > at:
            return f"its consent was given later, at {given.at.isoformat()}"
        if given.until is not None and given.until <= at:
            return f"its consent ended at {given.until.isoformat()}"
        return self._ended(cited.consent, given, row.channel, at, person)

    def _is_restricted(self, record: str, at: datetime) -> bool:
        turns = [turn for turn in self.restrictions.get(record, ()) if turn[0] <= at]
        return max(turns)[2] if turns else False

    def _ended(self, consent: str, given: Given, channel: str, at: datetime, person: Collection[str]) -> str | None:
        """Return what ended the consent on the channel by then (a refusal, or a newer consent that has ended), or
        None."""
        taken = (answer for member in person for answer in self.taken.get(member, {}).values())
        for no in taken:
            if no.ends(consent, given, channel, at):
                return f"its consent was {no.what} at {no.at.isoformat()}"
        others = (self.given[event] for member in person for event in self.given_in.get(member, ()) if event != consent)
        for yes in others:
            if yes.cuts_short(given, channel, at):
                return f"another answer took its consent's place at {yes.at.isoformat()}"
        return None

    def person(self, record: str) -> Iterator[str]:
        """Yield the record, and those that are held to be the same person by now."""
        reached, waiting = {record}, [record]
        while waiting:
            member = waiting.pop()
            yield member
            linked = self.links.get(member, set()) - reached
            reached |= linked
            waiting += linked


def taken_by(event: LoggedEvent, partner: str | None) -> Taken:
    """Return what a refusal, a withdrawal, an end or a merge takes away. `partner`: the record that it was last merged
    with.

    A merge recorded a withdrawal with the method 'merge' before it withheld.
    """
    clear, what = event.clear, event.type.removeprefix("consent-").removesuffix(".v1")
    by_merge = what == "withheld" or (what == "withdrawn" and clear["method"] == "merge")
    if by_merge and partner is not None:
        what = f"{WITHHELD} {partner},"
    channels = None if clear.get("entirely") else tuple(clear["channels"])
    return Taken(event.at, what, clear["purpose"], channels, clear.get("consent"))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
