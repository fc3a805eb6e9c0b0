"""The rule by which an auditor knows that nothing was sent without a living consent, held against the gate's own."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.bundle_verification import Held, Verified, verify
from adapters.proof.dispatch_rule import DispatchRule
from adapters.proof.report import on_dispatches
from domain.consent import ConsentGiven, ConsentRefused, Consents, ConsentWithdrawn, evolve, may
from domain.event import Aggregate, Event, Recorded
from tests.adapters.proof.story import (
    ANA,
    ANA_TOO,
    BEN,
    MORNING,
    Story,
    a_story,
    consent,
    entered,
    merged,
    named,
    sent,
    withdrawal,
)


def judged(story: Story, bundle: str | None = None) -> tuple[Verified, DispatchRule]:
    rule = DispatchRule()
    return verify(io.BytesIO((bundle or story.since(0)).encode()), Held(), rule.hear), rule


def reasons(story: Story) -> list[str]:
    return [exception.why for exception in judged(story)[1].exceptions]


def begun(*people: str) -> Story:
    story = Story()
    for person in people or (ANA,):
        story.tell(person, "candidate-sourced.v1", entered())
    return story


def test_what_was_allowed_is_no_exception() -> None:
    verified, rule = judged(a_story())
    assert (rule.dispatches, rule.exceptions, rule.unknown) == (3, [], {})
    assert on_dispatches(verified, rule)[0]
    assert rule.sends_by_consent[a_story().rows[2].event] == 2


def cited_by_another(story: Story) -> None:
    yes = story.tell(BEN, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def withdrawn(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "consent-withdrawn.v1", withdrawal())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def withdrawn_for_all_purposes_of_its_name(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "consent-withdrawn.v1", {**withdrawal(channels=["text"]), "entirely": True})
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def renewed_for_less(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent(until="2028-05-04T00:00:00.000000Z"))
    story.tell(ANA, "consent-given.v1", consent(until="2026-05-04T09:03:30.000000Z"))
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def restricted(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "processing-restricted.v1", {"ground": "gdpr-18"})
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))
    story.tell(ANA, "restriction-lifted.v1", {})
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes, "afterwards"))


def refused(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent())
    no = {
        name: consent()[name] for name in ("purpose", "channels", "notice", "notice_version", "method", "answered_by")
    }
    story.tell(ANA, "consent-refused.v1", no)
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def over(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent(until="2026-05-04T09:02:30.000000Z"))
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes), at=MORNING + timedelta(minutes=2, seconds=30))


def noted_as_expired(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent())
    ended = {"consent": yes, "purpose": "talent_pool", "channels": ["email"]}
    story.tell(ANA, "consent-expired.v1", ended)
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def for_something_else(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent("newsletter"))
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def on_another_channel(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent(channels=["phone"]))
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def before_it_was_given(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes, reported_by="mailer"), at=MORNING - timedelta(days=1))


def dated_back_before_a_withdrawal(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent(), at=MORNING - timedelta(days=3))
    story.tell(ANA, "consent-withdrawn.v1", withdrawal(), at=MORNING - timedelta(days=1))
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes), at=MORNING - timedelta(days=2))


def given_after_it_was_cited(story: Story) -> None:
    story.tell(ANA, "touchpoint-recorded.v1", sent(named(f"event {len(story.rows) + 1}")))
    story.tell(ANA, "consent-given.v1", consent())


def withdrawn_in_the_other_record(story: Story) -> None:
    story.tell(ANA_TOO, "candidate-sourced.v1", entered())
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "candidates-merged.v1", merged(ANA, ANA_TOO))
    story.tell(ANA_TOO, "candidates-merged.v1", merged(ANA, ANA_TOO))
    story.tell(ANA_TOO, "consent-withdrawn.v1", withdrawal())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def of_a_record_that_was_parted_again(story: Story) -> None:
    story.tell(ANA_TOO, "candidate-sourced.v1", entered())
    yes = story.tell(ANA_TOO, "consent-given.v1", consent())
    both = {"survivor": ANA, "absorbed": ANA_TOO}
    story.tell(ANA, "candidates-merged.v1", merged(ANA, ANA_TOO))
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes, "while they were one"))
    story.tell(ANA, "candidates-unmerged.v1", both)
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))


def reported_without_one(story: Story) -> None:
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, reported_by="mailer"))


def turned_into_a_send(story: Story) -> None:
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, kind="call-answered", purpose=None))
    story.tell(ANA, "touchpoint-corrected.v1", corrected("call-answered", "email-sent"))


def moved_before_the_consent(story: Story) -> None:
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes))
    story.tell(ANA, "touchpoint-corrected.v1", corrected("email-sent", "email-sent", at="2026-05-01T00:00:00.000000Z"))


def corrected(was: str, kind: str | None, at: str | None = "2026-05-04T09:03:00.000000Z") -> dict[str, object]:
    return {
        "touchpoint": named("touchpoint first"),
        "was_kind": was,
        "was_at": "2026-05-04T09:03:00.000000Z",
        "was_message": None,
        "was_machine": False,
        "kind": kind,
        "at": at,
        "message": None,
        "machine": False,
    }


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (cited_by_another, "the consent of another person"),
        (withdrawn, "was withdrawn at 2026-05-04T09:03:00"),
        (withdrawn_for_all_purposes_of_its_name, "was withdrawn"),
        (renewed_for_less, "another answer took its consent's place"),
        (restricted, "was restricted then"),
        (refused, "was refused"),
        (over, "ended at 2026-05-04T09:02:30"),
        (noted_as_expired, "was expired"),
        (for_something_else, "is for newsletter on email, not for talent_pool on email"),
        (on_another_channel, "is for talent_pool on phone, not for talent_pool on email"),
        (before_it_was_given, "was given later"),
        (dated_back_before_a_withdrawal, "was withdrawn at 2026-05-03"),
        (given_after_it_was_cited, "no consent that was known then"),
        (withdrawn_in_the_other_record, "was withdrawn"),
        (of_a_record_that_was_parted_again, "the consent of another person"),
        (reported_without_one, "it cites no consent"),
        (turned_into_a_send, "as corrected, it cites no consent"),
        (moved_before_the_consent, "as corrected, its consent was given later"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_was_not_allowed_is_found(happened: Callable[[Story], None], why: str) -> None:
    story = begun(ANA, BEN)
    happened(story)
    (reason,) = reasons(story)
    assert why in reason
    verified, rule = judged(story)
    proved, sentences = on_dispatches(verified, rule)
    assert not proved
    assert reason in sentences[1]


def test_what_a_correction_takes_back_stands_apart() -> None:
    story = begun()
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, reported_by="mailer"))
    story.tell(ANA, "touchpoint-corrected.v1", corrected("email-sent", None, at=None))
    verified, rule = judged(story)
    assert (len(rule.exceptions), len(rule.taken_back)) == (0, 1)
    proved, sentences = on_dispatches(verified, rule)
    assert proved
    assert sentences[0].startswith(
        "DISPATCHES: 1 to all people up to the checkpoint (0 as is believed now, after corrections), "
    )
    assert "until a correction said that it was not so" in sentences[1]


def test_a_correction_finds_no_other_consent_than_the_one_that_was_cited() -> None:
    """As the report has it: what was sent without a consent is not covered by moving it to when there was one."""
    story = begun()
    story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, kind="call-answered", purpose=None))
    story.tell(ANA, "touchpoint-corrected.v1", corrected("call-answered", "email-sent"))
    assert reasons(story) == ["as corrected, it cites no consent"]
    story = begun()
    early = MORNING - timedelta(days=1)
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, reported_by="mailer"), at=early)
    story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-corrected.v1", corrected("email-sent", "email-sent"))
    assert reasons(story) == ["as corrected, it cites no consent"]


def test_a_correction_that_lies_about_what_was_hides_no_send() -> None:
    """It says that the touchpoint had been a message already, at that time, as if nothing had to be judged."""
    story = begun()
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, kind="call-answered", purpose=None))
    story.tell(ANA, "touchpoint-corrected.v1", corrected("email-sent", "email-sent"))
    assert reasons(story) == ["as corrected, it cites no consent"]
    story = begun()
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes, reported_by="mailer"))
    before = "2026-05-01T00:00:00.000000Z"
    story.tell(ANA, "touchpoint-corrected.v1", {**corrected("email-sent", "email-sent", at=before), "was_at": before})
    (why,) = reasons(story)
    assert "its consent was given later" in why


def test_a_second_send_under_the_same_id_hides_no_first_one() -> None:
    story = begun()
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, reported_by="mailer"))
    story.tell(ANA, "touchpoint-recorded.v1", sent(None, reported_by="mailer"))
    story.tell(ANA, "touchpoint-corrected.v1", corrected("email-sent", None, at=None))
    _, rule = judged(story)
    assert (rule.dispatches, len(rule.exceptions), len(rule.taken_back)) == (2, 1, 1)


def test_corrected_back_to_what_was_recorded_it_stands_as_it_was_judged_then() -> None:
    story = begun()
    yes = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(yes, reported_by="mailer"))
    was = "2026-05-04T09:02:00.000000Z"
    story.tell(ANA, "touchpoint-corrected.v1", corrected("email-sent", "text-sent", at=was))
    story.tell(ANA, "touchpoint-corrected.v1", {**corrected("text-sent", "email-sent", at=was), "was_at": was})
    _, rule = judged(story)
    assert (rule.dispatches, rule.exceptions, len(rule.taken_back)) == (1, [], 1)


def test_what_we_send_may_be_allowed_by_one_consent_at_its_date_and_by_a_newer_one_when_it_is_recorded() -> None:
    story = begun()
    old = story.tell(ANA, "consent-given.v1", consent(until="2026-05-02T00:00:00.000000Z"), at=MORNING - 9 * DAY)
    story.tell(ANA, "consent-given.v1", consent(), at=MORNING - DAY)
    story.tell(ANA, "touchpoint-recorded.v1", sent(old), at=MORNING - 5 * DAY)
    assert reasons(story) == []


def test_a_renewal_leaves_what_the_older_consent_allowed() -> None:
    story = begun()
    old = story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "touchpoint-recorded.v1", sent(old, reported_by="mailer"))
    assert reasons(story) == []


def test_a_new_consent_after_a_withdrawal_counts() -> None:
    story = begun()
    story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "consent-withdrawn.v1", withdrawal())
    story.tell(ANA, "touchpoint-recorded.v1", sent(story.tell(ANA, "consent-given.v1", consent())))
    assert reasons(story) == []


def test_a_late_bundle_proves_nothing_of_dispatches() -> None:
    story = a_story()
    verified, rule = judged(story, story.since(5))
    proved, (sentence,) = on_dispatches(verified, rule)
    assert not proved
    assert "NOT PROVED. This bundle begins at leaf 5" in sentence


def test_of_one_person_it_is_proved_by_their_own_events() -> None:
    story = a_story()
    verified, rule = judged(story, story.of_candidate(ANA, [ANA, ANA_TOO]))
    assert on_dispatches(verified, rule) == (
        True,
        [
            "DISPATCHES: 2 to this person in these events, "
            "none without a living consent of the right purpose and channel."
        ],
    )


@pytest.mark.parametrize(
    ("type_", "clear"), [("consent-imagined.v1", {}), ("touchpoint-recorded.v1", sent(None, kind="pigeon-sent"))]
)
def test_what_it_does_not_know_stops_it(type_: str, clear: dict[str, object]) -> None:
    story = begun()
    story.tell(ANA, type_, clear)
    verified, rule = judged(story)
    proved, (sentence,) = on_dispatches(verified, rule)
    assert not proved
    assert "does not know" in sentence


@pytest.mark.parametrize("clear", [{}, {**consent(), "valid_until": 7}, {**consent(), "channels": None}])
def test_an_event_that_cannot_be_written_is_refused(clear: dict[str, object]) -> None:
    story = begun()
    story.tell(ANA, "consent-given.v1", clear)
    with pytest.raises(BundleDoesNotHold, match="no consent-given"):
        judged(story)


def test_two_consents_of_one_id_are_refused() -> None:
    story = begun()
    story.tell(ANA, "consent-given.v1", consent())
    story.tell(ANA, "consent-given.v1", consent("newsletter"))
    story.rows[2] = story.rows[2]._replace(event=story.rows[1].event)
    with pytest.raises(BundleDoesNotHold, match="the id of another consent"):
        judged(story)


CONSENTS: Aggregate[Consents] = Aggregate("consents", lambda _: Consents(), evolve)
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["given", "given", "refused", "withdrawn"]),
        st.integers(-4, 4),
        st.one_of(st.none(), st.integers(-3, 6)),
        st.sampled_from([["email"], ["phone"], ["email", "phone"]]),
    ),
    max_size=6,
)


@settings(max_examples=400)
@given(ANSWERS, st.integers(-4, 5))
def test_the_rule_agrees_with_the_gate(answers: list[tuple[str, int, int | None, list[str]]], sent_at: int) -> None:
    """What the gate allows and cites is no exception; where it allows nothing, whatever is cited is one."""
    story, events = begun(), list[Recorded[Event]]()
    for what, day, until, channels in answers:
        events.append(tell_both(story, what, day, until, channels))
    at = MORNING + timedelta(days=sent_at)
    allowed = may(CONSENTS.fold(UUID(ANA), events), "talent_pool", "email", at)
    if isinstance(allowed, UUID):
        story.tell(ANA, "touchpoint-recorded.v1", sent(str(allowed), reported_by="mailer"), at=at)
        assert reasons(story) == []
    else:
        for number, event in enumerate(events):
            story.tell(ANA, "touchpoint-recorded.v1", sent(str(event.id), str(number), reported_by="mailer"), at=at)
        assert len(reasons(story)) == len(events)


def tell_both(story: Story, what: str, day: int, until: int | None, channels: list[str]) -> Recorded[Event]:
    """One answer, in the story and as the gate reads it."""
    at = MORNING + timedelta(days=day)
    end = None if until is None else MORNING + timedelta(days=max(until, day + 1))
    valid_until = None if end is None else end.isoformat(timespec="microseconds").replace("+00:00", "Z")
    clear = {
        "given": consent(channels=channels, until=valid_until),
        "refused": {name: consent(channels=channels)[name] for name in REFUSAL},
        "withdrawn": {**withdrawal(channels=channels), "entirely": False},
    }[what]
    event = story.tell(ANA, f"consent-{what}.v1", clear, at=at)
    answers: dict[str, Event] = {
        "given": ConsentGiven(
            purpose="talent_pool",
            channels=tuple(channels),
            basis="consent",
            jurisdiction="pt",
            notice="x",
            notice_version="1",
            notice_sha256=None,
            language="pt",
            method="web-form",
            answered_by="self",
            valid_until=end,
            evidence=None,
        ),
        "refused": ConsentRefused("talent_pool", tuple(channels), "x", "x", "x", "x", None),
        "withdrawn": ConsentWithdrawn("talent_pool", tuple(channels), False, "x", None, None),
    }
    return Recorded(UUID(ANA), len(story.rows), answers[what], UUID(event), at, at)


DAY = timedelta(days=1)
REFUSAL = ("purpose", "channels", "notice", "notice_version", "method", "answered_by")
