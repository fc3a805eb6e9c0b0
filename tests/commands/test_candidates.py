"""Sourcing, referring and learning about people."""

from __future__ import annotations

from uuid import UUID

from commands.learn_profile_fact import LearnProfileFact
from commands.refer_candidate import ReferCandidate
from commands.source_candidate import SourceCandidate
from domain.candidate import (
    CandidateCannotReferThemselves,
    CandidateDoesNotExist,
    CandidateExistsAlready,
    CandidateReferred,
    CandidateSourced,
    ProfileFactLearned,
)
from domain.event import ERASED
from tests.given import ALICE, BOB, NOW, SOURCED, given


def test_a_candidate_is_sourced() -> None:
    command = SourceCandidate(candidate=ALICE, source="job-board", name="Alice", emails=("a@example.org",), now=NOW)
    sourced = CandidateSourced("job-board", "unknown", "unknown", None, None, "Alice", ("a@example.org",), ())
    given({}).when(command).then({ALICE: [sourced]})
    given({ALICE: [SOURCED]}).when(command).refused(CandidateExistsAlready)


def refer(referrer: UUID) -> ReferCandidate:
    return ReferCandidate(candidate=ALICE, referrer=referrer, referrer_words="One of the best", now=NOW)


def test_a_candidate_is_referred_by_somebody_else() -> None:
    referred = CandidateReferred("referral", "unknown", "unknown", BOB, None, (), (), None, "One of the best")
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
