"""A malformed command cannot be made, and a verb reads what its decision needs."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from datetime import datetime, timedelta
from typing import get_type_hints

import pytest

from commands.catalogue import VERBS
from commands.give_consent import GiveConsent
from commands.learn_profile_fact import LearnProfileFact
from commands.record_touchpoint import RecordTouchpoint
from commands.source_candidate import SourceCandidate
from commands.verb import (
    LONGEST_TEXT,
    Command,
    Help,
    TextHoldsNul,
    TextIsTooLong,
    TimeHasNoZone,
    TimeIsInTheFuture,
    Verb,
    text_fields,
)
from domain.codes import CODE, SHA256, TextIsWrittenWrongly
from tests.given import ALICE, NOW, TOUCHPOINT


def learn(now: datetime = NOW, occurred_at: datetime | None = None) -> Command:
    return LearnProfileFact(
        candidate=ALICE, fact="employer", learned_from="self", value="Acme", now=now, occurred_at=occurred_at
    )


def test_what_has_not_happened_is_refused_but_clocks_may_differ() -> None:
    assert learn(occurred_at=NOW + timedelta(minutes=5)).moment == NOW + timedelta(minutes=5)
    assert learn().moment == NOW
    with pytest.raises(TimeIsInTheFuture) as refused:
        learn(occurred_at=NOW + timedelta(minutes=5, microseconds=1))
    assert refused.value.where == "occurred_at"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TimeHasNoZone, match="'now'"):
        learn(now=NOW.replace(tzinfo=None))
    with pytest.raises(TimeHasNoZone, match="'occurred_at'"):
        learn(occurred_at=NOW.replace(tzinfo=None))
    with pytest.raises(TimeHasNoZone, match="'valid_until'"):
        GiveConsent(candidate=ALICE, purpose="events", channels=(), valid_until=datetime(2027, 1, 1), now=NOW)


def test_codes_are_checked_wherever_they_stand() -> None:
    with pytest.raises(TextIsWrittenWrongly, match="'source'"):
        SourceCandidate(candidate=ALICE, source="Career Site", now=NOW)
    with pytest.raises(TextIsWrittenWrongly, match="'channels'"):
        GiveConsent(candidate=ALICE, purpose="events", channels=("email", "E-Mail"), now=NOW)
    with pytest.raises(TextIsWrittenWrongly, match="'notice_sha256'"):
        GiveConsent(candidate=ALICE, purpose="events", channels=("email",), notice_sha256="abc", now=NOW)
    assert dict(text_fields(GiveConsent))["channels"] == CODE
    assert dict(text_fields(GiveConsent))["notice_sha256"] == SHA256
    assert dict(text_fields(GiveConsent))["evidence"] is None


def noted(text: str) -> Command:
    return RecordTouchpoint(candidate=ALICE, touchpoint=TOUCHPOINT, kind="note-written", note=text, now=NOW)


def test_a_free_text_has_an_end_and_no_nul() -> None:
    assert noted("ß" * LONGEST_TEXT)
    with pytest.raises(TextIsTooLong, match="'note' has 20001 characters") as long:
        noted("ß" * LONGEST_TEXT + "x")
    with pytest.raises(TextHoldsNul, match="'note'") as nul:
        noted("before\0after")
    assert (long.value.where, nul.value.where) == ("note", "note")
    assert "before" not in str(nul.value)
    with pytest.raises(TextHoldsNul, match="'emails'"):
        SourceCandidate(candidate=ALICE, emails=("a@example.org", "\0"), now=NOW)


def name_of(verb: Verb) -> str:
    return verb.command.__name__


@pytest.mark.parametrize("verb", VERBS, ids=name_of)
def test_a_verb_is_complete(verb: Verb) -> None:
    named = {field.name: field for field in fields(verb.command) if not field.metadata.get("hidden")}
    assert verb.command.__doc__
    assert verb.decide.__doc__
    assert all(hasattr(verb.command, load.field) for load in verb.loads)
    assert named["now"].default is MISSING


def test_no_verb_is_listed_twice() -> None:
    assert len({verb.command for verb in VERBS}) == len(VERBS)


def test_recording_a_touchpoint_does_not_read_touchpoints() -> None:
    (verb,) = (verb for verb in VERBS if verb.command.__name__ == "RecordTouchpoint")
    assert not any("touchpoint" in event.stored_name for load in verb.loads for event in load.reads)


@pytest.mark.parametrize("verb", VERBS, ids=name_of)
def test_every_field_that_a_client_may_fill_is_described_by_a_sentence(verb: Verb) -> None:
    hints = get_type_hints(verb.command, include_extras=True)
    open_fields = [field.name for field in fields(verb.command) if not field.metadata.get("hidden")]
    for name in open_fields:
        (text,) = (mark.text for mark in getattr(hints[name], "__metadata__", ()) if isinstance(mark, Help))
        assert re.fullmatch(r"['A-Z].*\.", text), f"{verb.command.__name__}.{name}: {text}"
