"""Sourcing, referring and learning about people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from commands.learn_profile_fact import LearnProfileFact
from commands.refer_candidate import ReferCandidate
from commands.retract_profile_fact import RetractProfileFact
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from domain.candidate import (
    CandidateCannotReferThemselves,
    CandidateDoesNotExist,
    CandidateExistsAlready,
    CandidateReferred,
    CandidateSourced,
    NothingNamesTheCandidate,
    ProfileFactLearned,
    ProfileFactRetracted,
    ProfileFactWasNotTold,
)
from domain.event import ERASED
from tests.given import ALICE, BOB, DAY, NOW, SOURCED, START, At, given


def test_a_candidate_is_sourced() -> None:
    command = SourceCandidate(candidate=ALICE, source="job-board", name="Alice", emails=("a@example.org",), now=NOW)
    sourced = CandidateSourced("job-board", "unknown", "unknown", None, None, "Alice", ("a@example.org",), ())
    given({}).when(command).then({ALICE: [sourced]})
    given({ALICE: [SOURCED]}).when(command).refused(CandidateExistsAlready)


@pytest.mark.parametrize(
    ("told", "findable"),
    [
        ({}, False),
        ({"name": " "}, False),
        ({"emails": ("",), "phones": ("\t",)}, False),
        ({"outside_id": "7"}, False),
        ({"outside_source": "old-crm"}, False),
        ({"outside_source": "old-crm", "outside_id": ""}, False),
        ({"outside_source": "old-crm", "outside_id": "7"}, True),
        ({"name": "Alice"}, True),
        ({"emails": ("a@example.org",)}, True),
        ({"phones": ("+49 30 1234567",)}, True),
    ],
)
def test_a_candidate_has_something_to_be_found_by(told: dict[str, Any], findable: bool) -> None:
    asked: list[Command] = [SourceCandidate(candidate=ALICE, now=NOW, **told)]
    if told.keys().isdisjoint(("outside_source", "outside_id")):
        asked.append(ReferCandidate(candidate=ALICE, referrer=BOB, now=NOW, **told))
    for command in asked:
        if findable:
            assert given({}).history.decide(command)[ALICE]
        else:
            given({}).when(command).refused(NothingNamesTheCandidate)


def refer(referrer: UUID) -> ReferCandidate:
    return ReferCandidate(candidate=ALICE, referrer=referrer, name="Alice", referrer_words="One of the best", now=NOW)


def test_a_candidate_is_referred_by_somebody_else() -> None:
    referred = CandidateReferred("referral", "unknown", "unknown", BOB, "Alice", (), (), None, "One of the best")
    given({}).when(refer(BOB)).then({ALICE: [referred]})
    given({ALICE: [SOURCED]}).when(refer(BOB)).refused(CandidateExistsAlready)
    given({}).when(refer(ALICE)).refused(CandidateCannotReferThemselves)


def learn(value: str, learned_from: str = "self") -> LearnProfileFact:
    return LearnProfileFact(candidate=ALICE, fact="employer", learned_from=learned_from, value=value, now=NOW)


def test_the_same_fact_from_the_same_source_is_no_news() -> None:
    known = given({ALICE: [SOURCED, ProfileFactLearned("employer", "self", "Acme")]})
    known.when(learn("Acme")).then({})
    known.when(learn("Bolts")).then({ALICE: [ProfileFactLearned("employer", "self", "Bolts")]})
    known.when(learn("Acme", "import")).then({ALICE: [ProfileFactLearned("employer", "import", "Acme")]})


def test_a_fact_that_became_true_again_is_news() -> None:
    moved = [ProfileFactLearned("employer", "self", value) for value in ("Acme", "Bolts")]
    back = {ALICE: [ProfileFactLearned("employer", "self", "Acme")]}
    given({ALICE: [SOURCED, *moved]}).when(learn("Acme")).then(back)
    erased = ProfileFactLearned("employer", "self", ERASED)
    given({ALICE: [SOURCED, erased]}).when(learn("Acme")).then(back)


def test_nothing_is_learned_about_nobody() -> None:
    given({}).when(learn("Acme")).refused(CandidateDoesNotExist)


def test_what_a_source_said_by_then_is_no_news_whatever_it_says_now() -> None:
    acme = At(NOW - 9 * DAY, told("employer", "Acme"))
    late = replace(learn("Acme"), occurred_at=NOW - 8 * DAY)
    given({ALICE: [SOURCED, acme, At(NOW - 2 * DAY, told("employer", "Bolts"))]}).when(late).then({})
    before = replace(late, occurred_at=NOW - 10 * DAY)
    given({ALICE: [SOURCED, acme]}).when(before).then({ALICE: [told("employer", "Acme")]})


def told(fact: str, value: str, learned_from: str = "self") -> ProfileFactLearned:
    return ProfileFactLearned(fact, learned_from, value)


def test_of_a_fact_with_many_values_each_is_known() -> None:
    known = given({ALICE: [SOURCED, told("skill", "sql"), told("skill", "python")]})
    known.when(replace(learn("sql"), fact="skill")).then({})
    known.when(replace(learn("SQL"), fact="skill")).then({ALICE: [told("skill", "SQL")]})
    known.when(replace(learn("go"), fact="skill")).then({ALICE: [told("skill", "go")]})


def test_what_was_known_at_the_entry_was_told_by_where_the_person_came_from() -> None:
    known = given({ALICE: [SOURCED]})
    known.when(replace(learn("a@example.org", "career-site"), fact="email")).then({})
    again = {ALICE: [told("email", "a@example.org")]}
    known.when(replace(learn("a@example.org"), fact="email")).then(again)
    wrong = ProfileFactRetracted("email", "career-site", "A@example.org")
    known.when(retract("A@example.org", "career-site", fact="email")).then({ALICE: [wrong]})


def retract(value: str, learned_from: str = "self", fact: str = "employer") -> RetractProfileFact:
    return RetractProfileFact(candidate=ALICE, fact=fact, learned_from=learned_from, value=value, now=NOW)


def test_a_source_takes_back_what_it_told() -> None:
    moved = given({ALICE: [SOURCED, told("employer", "Acme"), told("employer", "Bolts")]})
    moved.when(retract("Bolts")).then({ALICE: [ProfileFactRetracted("employer", "self", "Bolts")]})
    moved.when(retract("Acme")).then({ALICE: [ProfileFactRetracted("employer", "self", "Acme")]})


def test_a_source_takes_back_only_what_it_told() -> None:
    known = [SOURCED, told("employer", "Acme")]
    given({}).when(retract("Acme")).refused(CandidateDoesNotExist)
    given({ALICE: known}).when(retract("Bolts")).refused(ProfileFactWasNotTold)
    given({ALICE: known}).when(retract("Acme", "import")).refused(ProfileFactWasNotTold)
    given({ALICE: known}).when(replace(retract("Acme"), occurred_at=START)).refused(ProfileFactWasNotTold)
    gone = [*known, ProfileFactRetracted("employer", "self", "Acme")]
    given({ALICE: gone}).when(retract("Acme")).refused(ProfileFactWasNotTold)
    given({ALICE: gone}).when(learn("Acme")).then({ALICE: [told("employer", "Acme")]})
    erased = [SOURCED, ProfileFactLearned("employer", "self", ERASED)]
    given({ALICE: erased}).when(retract("Acme")).refused(ProfileFactWasNotTold)
