"""Turns lines about people into commands: unknown people are sourced, of the others what is new is learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from adapters.intake.imports.origin import Origin
from adapters.intake.imports.row import Row, When, first, time_fields
from commands.addresses import Whole
from commands.complete_segments import CompleteSegments
from commands.learn_profile_fact import LearnProfileFact
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from domain.candidate import Candidate
from domain.profile_facts import held

AT_THE_ENTRY = {"emails": "email", "phones": "phone", "name": "name"}
"""Columns whose values stand in the event that makes a candidate; else they are facts of these names, as the others.
Addresses come first: of an erased person it is to be known that theirs was kept out, before all the rest is refused."""
FACTS = {
    **AT_THE_ENTRY,
    "lives_in": "location",
    "current_role": "current-role",
    "current_employer": "current-employer",
    "skills": "skill",
    "languages": "language",
    "links": "link",
    "tags": "tag",
    "owner": "owner",
}
LISTS = frozenset({"emails", "phones", "skills", "languages", "links", "tags"})


ADDRESSES = {"emails": "email", "phones": "phone"}


def candidate(row: Row, origin: Origin, state: Candidate) -> Iterator[Command]:
    """Yield the commands of a line about a person."""
    stream, entered = origin.stream("candidate", row.needed("id")), row.when("at")
    if not state.exists:
        yield sourced(stream, row, origin, entered)
    learned = first(row.when("updated_at"), entered)
    learned_from = row.text("learned_from") or origin.system
    by = origin.now if learned is None else learned.at
    for column, fact in FACTS.items():
        if state.exists or column not in AT_THE_ENTRY:
            for value, wholes in values_of(row, origin, column):
                if not stated_before(state, fact, (value, *(whole.text for whole in wholes)), learned_from, by):
                    yield LearnProfileFact(
                        candidate=stream,
                        fact=fact,
                        learned_from=learned_from,
                        value=value,
                        wholes=wholes,
                        column=column,
                        now=origin.now,
                        **time_fields(learned),
                    )
    if state.exists:
        yield from completed(stream, row, origin, state, learned)


def completed(stream: UUID, row: Row, origin: Origin, record: Candidate, stated_at: When | None) -> Iterator[Command]:
    """Complete the segments that are unknown and that the line states; those that are known stay."""
    source, role, location = row.name("source"), row.name("role"), row.name("location")
    if record.erasure is None and record.lacks(source, role, location):
        yield CompleteSegments(
            candidate=stream,
            source=source,
            role=role,
            location=location,
            keeps_known=True,
            now=origin.now,
            **time_fields(stated_at),
        )


def sourced(stream: UUID, row: Row, origin: Origin, entered: When | None) -> SourceCandidate:
    emails, phones = values_of(row, origin, "emails"), values_of(row, origin, "phones")
    return SourceCandidate(
        candidate=stream,
        source=row.name("source"),
        role=row.name("role"),
        location=row.name("location"),
        outside_source=origin.system,
        outside_id=row.needed("id"),
        name=row.text("name"),
        emails=tuple(value for value, _ in emails),
        phones=tuple(value for value, _ in phones),
        wholes=tuple(dict.fromkeys(whole for _, wholes in (*emails, *phones) for whole in wholes)),
        now=origin.now,
        **time_fields(entered),
    )


Value = tuple[str, tuple[Whole, ...]]
"""A value of a column, and the value of several addresses that it was taken from."""


def values_of(row: Row, origin: Origin, column: str) -> list[Value]:
    if column in ADDRESSES:
        return addresses_of(ADDRESSES[column], row.texts(column), origin)
    if column in LISTS:
        return [(value, ()) for value in row.texts(column)]
    only = row.text(column)
    return [] if only is None else [(only, ())]


def addresses_of(kind: str, texts: Sequence[str], origin: Origin) -> list[Value]:
    """Return each address of the values once. A value of several is split, a placeholder is skipped, and an unreadable
    one is kept for the rule that refuses it."""
    by_form: dict[str, Value] = {}
    for text in texts:
        cell = origin.addresses.read(kind, text)
        if not cell.readable:
            by_form.setdefault(text, (text, ()))
        for part in cell.parts if cell.readable else ():
            several = len(cell.parts) > 1
            by_form.setdefault(part.form, (part.text if several else text, (Whole(kind, text),) if several else ()))
    return list(by_form.values())


def stated_before(state: Candidate, fact: str, values: Sequence[str], learned_from: str, by: datetime) -> bool:
    """Return whether there is nothing to learn: the entry event states the same, or the same source stated the value as
    it was before values of several addresses were split."""
    facts = [stated for value in values for stated in held(state.told(fact, state.entry_source, value, by))]
    facts += [stated for value in values[1:] for stated in held(state.told(fact, learned_from, value, by))]
    return any(stated.value in values for stated in facts)
