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
    ("values", "findable"),
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
def test_a_candidate_has_something_to_be_found_by(values: dict[str, Any], findable: bool) -> None:
    requests: list[Command] = [SourceCandidate(candidate=ALICE, now=NOW, **values)]
    if values.keys().isdisjoint(("outside_source", "outside_id")):
        requests.append(ReferCandidate(candidate=ALICE, referrer=BOB, now=NOW, **values))
    for command in requests:
        if findable:
            assert given({}).history.decide(command)[ALICE]
        else:
            given({}).when(command).refused(NothingNamesTheCandidate)


def refer(referrer: UUID) -> ReferCandidate:
    return ReferCandidate(candidate=ALICE, referrer=referrer, name="Alice", referrer_words="One of the best", now=NOW)


def test_a_candidate_is_referred_by_another_person() -> None:
    referred = CandidateReferred("referral", "unknown", "unknown", BOB, "Alice", (), (), None, "One of the best")
    given({}).when(refer(BOB)).then({ALICE: [referred]})
    given({ALICE: [SOURCED]}).when(refer(BOB)).refused(CandidateExistsAlready)
    given({}).when(refer(ALICE)).refused(CandidateCannotReferThemselves)


def learn(value: str, learned_from: str = "self") -> LearnProfileFact:
    return LearnProfileFact(candidate=ALICE, fact="employer", learned_from=learned_from, value=value, now=NOW)


def test_the_same_fact_from_the_same_source_is_no_news() -> None:
    history = given({ALICE: [SOURCED, ProfileFactLearned("employer", "self", "Acme")]})
    history.when(learn("Acme")).then({})
    history.when(learn("Bolts")).then({ALICE: [ProfileFactLearned("employer", "self", "Bolts")]})
    history.when(learn("Acme", "import")).then({ALICE: [ProfileFactLearned("employer", "import", "Acme")]})


def test_a_fact_that_became_true_again_is_news() -> None:
    moved = [ProfileFactLearned("employer", "self", value) for value in ("Acme", "Bolts")]
    back = {ALICE: [ProfileFactLearned("employer", "self", "Acme")]}
    given({ALICE: [SOURCED, *moved]}).when(learn("Acme")).then(back)
    erased = ProfileFactLearned("employer", "self", ERASED)
    given({ALICE: [SOURCED, erased]}).when(learn("Acme")).then(back)


def test_nothing_is_learned_about_an_unknown_candidate() -> None:
    given({}).when(learn("Acme")).refused(CandidateDoesNotExist)


def test_what_a_source_said_by_then_is_no_news_whatever_it_says_now() -> None:
    acme = At(NOW - 9 * DAY, learned("employer", "Acme"))
    late = replace(learn("Acme"), occurred_at=NOW - 8 * DAY)
    given({ALICE: [SOURCED, acme, At(NOW - 2 * DAY, learned("employer", "Bolts"))]}).when(late).then({})
    before = replace(late, occurred_at=NOW - 10 * DAY)
    given({ALICE: [SOURCED, acme]}).when(before).then({ALICE: [learned("employer", "Acme")]})


def learned(fact: str, value: str, learned_from: str = "self") -> ProfileFactLearned:
    return ProfileFactLearned(fact, learned_from, value)


def test_of_a_fact_with_many_values_each_is_known() -> None:
    history = given({ALICE: [SOURCED, learned("skill", "sql"), learned("skill", "python")]})
    history.when(replace(learn("sql"), fact="skill")).then({})
    history.when(replace(learn("SQL"), fact="skill")).then({ALICE: [learned("skill", "SQL")]})
    history.when(replace(learn("go"), fact="skill")).then({ALICE: [learned("skill", "go")]})


def test_facts_of_the_entry_are_learned_from_its_source() -> None:
    history = given({ALICE: [SOURCED]})
    history.when(replace(learn("a@example.org", "career-site"), fact="email")).then({})
    again = {ALICE: [learned("email", "a@example.org")]}
    history.when(replace(learn("a@example.org"), fact="email")).then(again)
    wrong = ProfileFactRetracted("email", "career-site", "A@example.org")
    history.when(retract("A@example.org", "career-site", fact="email")).then({ALICE: [wrong]})


def retract(value: str, learned_from: str = "self", fact: str = "employer") -> RetractProfileFact:
    return RetractProfileFact(candidate=ALICE, fact=fact, learned_from=learned_from, value=value, now=NOW)


def test_a_source_takes_back_what_it_told() -> None:
    moved = given({ALICE: [SOURCED, learned("employer", "Acme"), learned("employer", "Bolts")]})
    moved.when(retract("Bolts")).then({ALICE: [ProfileFactRetracted("employer", "self", "Bolts")]})
    moved.when(retract("Acme")).then({ALICE: [ProfileFactRetracted("employer", "self", "Acme")]})


def test_a_source_takes_back_only_what_it_told() -> None:
    events = [SOURCED, learned("employer", "Acme")]
    given({}).when(retract("Acme")).refused(CandidateDoesNotExist)
    given({ALICE: events}).when(retract("Bolts")).refused(ProfileFactWasNotTold)
    given({ALICE: events}).when(retract("Acme", "import")).refused(ProfileFactWasNotTold)
    given({ALICE: events}).when(replace(retract("Acme"), occurred_at=START)).refused(ProfileFactWasNotTold)
    gone = [*events, ProfileFactRetracted("employer", "self", "Acme")]
    given({ALICE: gone}).when(retract("Acme")).refused(ProfileFactWasNotTold)
    given({ALICE: gone}).when(learn("Acme")).then({ALICE: [learned("employer", "Acme")]})
    erased = [SOURCED, ProfileFactLearned("employer", "self", ERASED)]
    given({ALICE: erased}).when(retract("Acme")).refused(ProfileFactWasNotTold)
