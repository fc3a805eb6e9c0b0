"""People whom another system knew: sourced where we do not know them, and otherwise what it says of them is learned."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from adapters.imports.origin import Origin
from adapters.imports.row import Row, When, first, told
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


def candidate(row: Row, origin: Origin, known: Candidate) -> Iterator[Command]:
    """What a line about a person comes to."""
    stream, entered = origin.stream("candidate", row.needed("id")), row.when("at")
    if not known.exists:
        yield sourced(stream, row, origin, entered)
    learned = first(row.when("updated_at"), entered)
    for column, fact in FACTS.items():
        if known.exists or column not in AT_THE_ENTRY:
            for value in values_of(row, column):
                if not told_at_the_entry(known, fact, value, origin, learned):
                    yield LearnProfileFact(
                        candidate=stream,
                        fact=fact,
                        learned_from=row.text("learned_from") or origin.source,
                        value=value,
                        now=origin.now,
                        **told(learned),
                    )


def sourced(stream: UUID, row: Row, origin: Origin, entered: When | None) -> SourceCandidate:
    return SourceCandidate(
        candidate=stream,
        source=row.name("source"),
        role=row.name("role"),
        location=row.name("location"),
        outside_source=origin.source,
        outside_id=row.needed("id"),
        name=row.text("name"),
        emails=row.texts("emails"),
        phones=row.texts("phones"),
        now=origin.now,
        **told(entered),
    )


def values_of(row: Row, column: str) -> tuple[str, ...]:
    if column in LISTS:
        return row.texts(column)
    only = row.text(column)
    return () if only is None else (only,)


def told_at_the_entry(known: Candidate, fact: str, value: str, origin: Origin, learned: When | None) -> bool:
    """Whether the event that made the candidate says the same, so that there is nothing to learn."""
    by = origin.now if learned is None else learned.at
    return any(one.value == value for one in held(known.told(fact, known.source, value, by)))
