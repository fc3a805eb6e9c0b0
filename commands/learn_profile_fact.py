"""We learn one thing about a candidate, and remember from where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from commands.addresses import (
    ADDRESSES,
    LOAD,
    ArrivalTried,
    WithAddresses,
    Written,
    admitted,
    require_readable,
    require_single,
)
from commands.verb import HIDDEN, Events, Help, Load, Verb
from domain.addresses import AddressCannotBeRead, AddressIsPlaceholder, ValueHoldsSeveralAddresses
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    FACTS,
    Candidate,
    CandidateDoesNotExist,
    CandidateIsErased,
    ProfileFactLearned,
)
from domain.codes import Code
from domain.event import Erased, Event
from domain.profile_facts import held
from domain.suppression import AddressIsSuppressed, Suppressions, recognised, require_arrival

AT_SIGNS = frozenset("@＠﹫")
NO_ADDRESS_OF_THEIRS = frozenset((*ADDRESSES, "owner"))
"""Facts whose value is not looked at a second time: addresses are read anyway, and an owner is a colleague."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnProfileFact(WithAddresses):
    """Record a source's statement of a fact. Repeating it changes nothing. The catalogue of facts decides which source
    is believed. A suppressed address is refused for a person who does not have it yet.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    fact: Annotated[
        Code,
        Help(
            "What the fact is about, such as 'current-employer'. Some, such as 'skill', may have several "
            "values at once."
        ),
    ]
    learned_from: Annotated[Code, Help("The source of the fact, such as 'self' or 'greenhouse'.")]
    value: Annotated[str, Help("The value; personal, sealed.")]
    column: str = field(default="value", metadata=HIDDEN)
    """Return the field that has the value in the request, as a refusal names it."""

    def brought(self) -> Iterable[Written]:
        return ((self.fact, self.value),) if self.fact in ADDRESSES else ()

    def mentioned(self) -> Iterable[Written]:
        if self.fact in NO_ADDRESS_OF_THEIRS:
            return ()
        is_link = self.value.casefold().lstrip().startswith(("tel:", "callto:", "sms:"))
        return (("phone", self.value),) if is_link else (("email", self.value),) if AT_SIGNS & set(self.value) else ()


def decide(candidate: Candidate, suppressions: Suppressions, command: LearnProfileFact) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, ValueHoldsSeveralAddresses, AddressIsSuppressed,
    AddressCannotBeRead or AddressIsPlaceholder."""
    candidate.require_record()
    fields = dict.fromkeys(ADDRESSES, command.column)
    if command.leaves_out and command.cells:
        return with_what_is_admitted(candidate, suppressions, command)
    require_single(command.cells, fields)
    # an erased one has none: that theirs came again is to be written down
    if any_is_suppressed(suppressions) and not has(candidate, command):
        if command.leaves_out:
            candidate.require_known()
            return {}
        require_arrival(
            suppressions,
            command.addresses,
            source=command.learned_from,
            candidate=command.candidate,
            fields=dict.fromkeys(ADDRESSES, command.column),
        )
    candidate.require_known()
    require_readable(command.cells, fields)
    return learned(candidate, command, (command.value,))


def with_what_is_admitted(candidate: Candidate, suppressions: Suppressions, command: LearnProfileFact) -> Events:
    """Return the events of a fact without its refused addresses. Raises CandidateIsErased."""
    held_here = {
        recognised(command.fact, value_told)
        for value_told in told(candidate, command.fact)
        if any_is_suppressed(suppressions)
    }
    has = [part.form for cell in command.cells for part in cell.parts if is_held(command.fact, part.form, held_here)]
    tried = ArrivalTried(command.learned_from, command.candidate)
    emails, phones, stops = admitted(command.cells, suppressions, tried, has)
    if candidate.erasure is not None:  # an erased one has none: that theirs came again is to be written down
        raise CandidateIsErased(candidate=command.candidate).leaving(stops)
    news = (email for email in (*emails, *phones) if not is_stated_at_entry(candidate, command, email))
    return {**stops, **learned(candidate, command, news)}


def is_stated_at_entry(candidate: Candidate, command: LearnProfileFact, value: str) -> bool:
    """Return whether the source of the record's entry already states this value, as in the event of the entry."""
    statements = held(candidate.told(command.fact, candidate.entry_source, value, command.moment))
    return any(statement.value == value for statement in statements)


def learned(candidate: Candidate, command: LearnProfileFact, values: Iterable[str]) -> Events:
    """Return the events of the values that are new."""
    news = [value for value in dict.fromkeys(values) if not is_stated(candidate, command, value)]
    events: list[Event] = [ProfileFactLearned(command.fact, command.learned_from, value) for value in news]
    return {command.candidate: events} if events else {}


def is_stated(candidate: Candidate, command: LearnProfileFact, value: str) -> bool:
    """Return whether the same source already states this value in this spelling."""
    statements = held(candidate.told(command.fact, command.learned_from, value, command.moment))
    return any(statement.value == value for statement in statements)


def any_is_suppressed(suppressions: Suppressions) -> bool:
    """Return whether any of the addresses is suppressed; only then it matters what the record holds."""
    return any(suppression.because is not None for suppression in suppressions.values())


def has(candidate: Candidate, command: LearnProfileFact) -> bool:
    """Return whether the record already holds this address."""
    held_here = {recognised(command.fact, value) for value in told(candidate, command.fact)}
    forms = [command.value, *(part.form for cell in command.cells for part in cell.parts)]
    return any(is_held(command.fact, form, held_here) for form in forms)


def is_held(kind: str, form: str, held_here: Collection[str]) -> bool:
    """Compared by the former form, which needs no reading: values that a record holds are nearly always plain."""
    return recognised(kind, form) in held_here


def told(candidate: Candidate, fact: str) -> Iterator[str]:
    """Return every value of the fact that any source stated of the record before."""
    values = (statement.value for statement in candidate.everything_told() if statement.fact == fact)
    return (value for value in values if not isinstance(value, Erased))


VERB = Verb(
    LearnProfileFact,
    (Load("candidate", CANDIDATE, (*ENTRIES, *FACTS)), LOAD),
    decide,
    writes=ProfileFactLearned,
    raises=(
        AddressCannotBeRead,
        AddressIsPlaceholder,
        AddressIsSuppressed,
        CandidateDoesNotExist,
        ValueHoldsSeveralAddresses,
    ),
)
