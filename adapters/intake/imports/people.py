"""People whom another system knew: sourced where we do not know them, and otherwise what it says of them is learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from adapters.intake.imports.origin import Origin
from adapters.intake.imports.row import Row, When, first, told
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


def candidate(row: Row, origin: Origin, known: Candidate) -> Iterator[Command]:
    """What a line about a person comes to."""
    stream, entered = origin.stream("candidate", row.needed("id")), row.when("at")
    if not known.exists:
        yield sourced(stream, row, origin, entered)
    learned = first(row.when("updated_at"), entered)
    learned_from = row.text("learned_from") or origin.system
    by = origin.now if learned is None else learned.at
    for column, fact in FACTS.items():
        if known.exists or column not in AT_THE_ENTRY:
            for value, wholes in values_of(row, origin, column):
                if not told_before(known, fact, (value, *(whole.text for whole in wholes)), learned_from, by):
                    yield LearnProfileFact(
                        candidate=stream,
                        fact=fact,
                        learned_from=learned_from,
                        value=value,
                        wholes=wholes,
                        column=column,
                        now=origin.now,
                        **told(learned),
                    )
    if known.exists:
        yield from completed(stream, row, origin, known, learned)


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
            **told(stated_at),
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
        **told(entered),
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
    """Each address of the values once. A value of several is split, and a placeholder is as good as nothing; one that
    cannot be read stands as it is, for the rule that refuses it."""
    found: dict[str, Value] = {}
    for text in texts:
        cell = origin.addresses.read(kind, text)
        if not cell.readable:
            found.setdefault(text, (text, ()))
        for part in cell.parts if cell.readable else ():
            several = len(cell.parts) > 1
            found.setdefault(part.form, (part.text if several else text, (Whole(kind, text),) if several else ()))
    return list(found.values())


def told_before(known: Candidate, fact: str, values: Sequence[str], learned_from: str, by: datetime) -> bool:
    """Whether there is nothing to learn: the event that made the candidate says the same, or the same source told the
    value as it stood before values of several addresses were split."""
    said = [one for value in values for one in held(known.told(fact, known.entry_source, value, by))]
    said += [one for value in values[1:] for one in held(known.told(fact, learned_from, value, by))]
    return any(one.value in values for one in said)
