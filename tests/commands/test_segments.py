"""A segment that is unknown is completed once; one that is known never changes."""

from __future__ import annotations

from typing import Any

import pytest

from commands.complete_segments import CompleteSegments
from commands.learn_profile_fact import LearnProfileFact
from domain.candidate import (
    CANDIDATE,
    SEGMENTS,
    CandidateDoesNotExist,
    CandidateIsErased,
    CandidateSourced,
    ErasureRequested,
    NoSegmentIsStated,
    SegmentIsKnown,
    SegmentsCompleted,
)
from domain.codes import Spelled, text_of
from domain.event import Event, Recorded
from tests.given import ALICE, NOW, event_id, given

ENTERED = CandidateSourced("job-board", "unknown", "unknown", None, None, "Alice", ("a@example.org",), ())
UNSOURCED = CandidateSourced("unknown", "unknown", "unknown", None, None, "Alice", ("a@example.org",), ())
NOTHING = ("unknown", "unknown", "unknown")


def complete(**stated: Any) -> CompleteSegments:
    return CompleteSegments(candidate=ALICE, now=NOW, **stated)


def test_segments_that_are_unknown_are_completed() -> None:
    entered = given({ALICE: [ENTERED]})
    entered.when(complete(role="gardener")).then({ALICE: [SegmentsCompleted("unknown", "gardener", "unknown")]})
    both = {ALICE: [SegmentsCompleted("unknown", "gardener", "lisbon")]}
    entered.when(complete(role="gardener", location="lisbon")).then(both)
    half = given({ALICE: [ENTERED, SegmentsCompleted("unknown", "gardener", "unknown")]})
    half.when(complete(location="lisbon")).then({ALICE: [SegmentsCompleted("unknown", "unknown", "lisbon")]})


def test_what_is_known_is_no_news_and_is_left_out_of_the_event() -> None:
    history = given({ALICE: [ENTERED, SegmentsCompleted("unknown", "gardener", "unknown")]})
    history.when(complete(source="job-board")).then({})
    history.when(complete(source="job-board", role="gardener")).then({})
    only = {ALICE: [SegmentsCompleted("unknown", "unknown", "lisbon")]}
    history.when(complete(source="job-board", role="gardener", location="lisbon")).then(only)


@pytest.mark.parametrize(
    ("stated", "field", "value"),
    [
        ({"source": "career-site"}, "source", "job-board"),
        ({"role": "florist", "location": "lisbon"}, "role", "gardener"),
        ({"source": "job-board", "role": "florist"}, "role", "gardener"),
    ],
)
def test_another_value_of_a_known_segment_is_refused(stated: dict[str, str], field: str, value: str) -> None:
    entered = given({ALICE: [ENTERED, SegmentsCompleted("unknown", "gardener", "unknown")]})
    with pytest.raises(SegmentIsKnown, match=f"The {field} of the candidate {ALICE} is known: '{value}'") as refusal:
        entered.history.decide(complete(**stated))
    assert refusal.value.where == field


def test_what_a_system_states_of_a_known_segment_is_passed_over() -> None:
    entered = given({ALICE: [ENTERED]})
    entered.when(complete(source="career-site", keeps_known=True)).then({})
    rest = {ALICE: [SegmentsCompleted("unknown", "gardener", "unknown")]}
    entered.when(complete(source="career-site", role="gardener", keeps_known=True)).then(rest)


def test_a_request_states_a_segment_of_a_candidate_who_is_there() -> None:
    given({ALICE: [ENTERED]}).when(complete()).refused(NoSegmentIsStated)
    given({ALICE: [ENTERED]}).when(complete(source="unknown", role="unknown")).refused(NoSegmentIsStated)
    given({}).when(complete(role="gardener")).refused(CandidateDoesNotExist)
    erased = given({ALICE: [ENTERED, ErasureRequested("self", "art-17")]})
    erased.when(complete(role="gardener")).refused(CandidateIsErased)


def test_the_segments_keep_the_texts_that_they_were_made_of() -> None:
    stated = complete(role=Spelled("c-plus-plus-developer", "C++ Developer"))
    (completed,) = given({ALICE: [ENTERED]}).history.decide(stated)[ALICE]
    assert isinstance(completed, SegmentsCompleted)
    assert text_of(completed.role) == "C++ Developer"
    assert text_of(folded(ENTERED, completed).role) == "C++ Developer"


def folded(*events: Event) -> Any:
    recorded = (Recorded(ALICE, number, event, event_id(number), NOW) for number, event in enumerate(events, 1))
    return CANDIDATE.fold(ALICE, (entry for entry in recorded if isinstance(entry.event, SEGMENTS)))


def test_no_event_changes_a_segment_that_is_known() -> None:
    completed = folded(ENTERED, SegmentsCompleted("career-site", "gardener", "unknown"))
    assert completed.segments() == {"source": "job-board", "role": "gardener", "location": "unknown"}
    again = folded(ENTERED, SegmentsCompleted(*NOTHING), SegmentsCompleted("x", "a", "b"), SegmentsCompleted(*"xyz"))
    assert again.segments() == {"source": "job-board", "role": "a", "location": "b"}


def test_what_was_stated_at_the_entry_stays_stated_by_the_source_of_the_entry() -> None:
    history = given({ALICE: [UNSOURCED, SegmentsCompleted("job-board", "unknown", "unknown")]})
    learn = LearnProfileFact(candidate=ALICE, fact="email", learned_from="unknown", value="a@example.org", now=NOW)
    history.when(learn).then({})
