"""What an erasure does with addresses: placeholders are kept for others, and shared ones are counted and released."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.log.event_log import EventLog
from commands.attached import Attached
from commands.learn_profile_fact import LearnProfileFact
from commands.release_address import ReleaseAddress
from commands.source_candidate import SourceCandidate
from commands.workflows.erase_person import ErasureWorkflow
from domain.addresses import AddressCannotBeRead, AddressIsPlaceholder, AddressKindIsUnknown
from domain.candidate import ProfileFactLearned
from domain.event import Recorded
from domain.suppression import ERASED, AddressIsNotSuppressed, AddressIsSuppressed, AddressReleased, AddressSuppressed
from tests.adapters.erasure.conftest import Ask, now

SHARED = "family@example.org"


def test_a_placeholder_that_an_older_version_took_suppresses_no_address(
    log: EventLog, ask: Ask, erasing: ErasureWorkflow, uploads: UploadStore
) -> None:
    """A value that was stored before placeholders were known is not suppressed, and no stream of it stops."""
    ines = uuid4()
    ask(SourceCandidate, candidate=ines, name="Ines", emails=("ines@example.org",))
    learned = ProfileFactLearned("email", "import", "n/a")
    log.append([Recorded(ines, 2, learned, uuid4(), now(), correlation=uuid4())], Attached())
    former = log.addresses.former("email", "n/a").stream
    shut = Recorded(former, 1, AddressSuppressed("email", ERASED), uuid4(), now(), correlation=uuid4())
    log.append([shut], Attached())
    erasing.erase(ines, by="self", ground="art-17", actor="user:priya")
    with pytest.raises(AddressIsPlaceholder):
        ask(SourceCandidate, candidate=uuid4(), name="Bo", emails=("n/a",))
    bo = uuid4()
    ask(SourceCandidate, candidate=bo, name="Bo", emails=("n/a", "bo@example.org"), leaves_out=True)
    assert log.history(bo)[0].event.emails == ("bo@example.org",)  # type: ignore[attr-defined]  # it is sourced


def test_an_address_of_an_older_version_is_released_with_that_of_today(log: EventLog, ask: Ask) -> None:
    former = log.addresses.former("email", SHARED).stream
    shut = Recorded(former, 1, AddressSuppressed("email", ERASED), uuid4(), now(), correlation=uuid4())
    log.append([shut], Attached())
    with pytest.raises(AddressIsSuppressed):
        ask(SourceCandidate, candidate=uuid4(), name="Bo", emails=(f"Bo <{SHARED}>",))
    ask(ReleaseAddress, kind="email", address=SHARED.upper())
    assert log.history(former)[-1].event == AddressReleased("shared-address")
    ask(SourceCandidate, candidate=uuid4(), name="Bo", emails=(SHARED,))


@pytest.mark.parametrize(
    ("kind", "address", "error"),
    [
        ("email", SHARED, AddressIsNotSuppressed),
        ("email", "n/a", AddressIsPlaceholder),
        ("phone", "call me", AddressCannotBeRead),
        ("fax", "+49 30 1234567", AddressKindIsUnknown),
    ],
)
def test_what_is_not_suppressed_is_not_released(ask: Ask, kind: str, address: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(ReleaseAddress, kind=kind, address=address)


@pytest.mark.parametrize(
    ("fact", "value"),
    [("link", "mailto:INES@example.org"), ("work-email", "Ines <ines@example.org>"), ("mobile", "tel:+1-555-0101"),
     ("tag", "ines＠example.org")],
)  # fmt: skip
def test_an_erased_address_comes_in_under_no_other_name(
    log: EventLog, ask: Ask, erasing: ErasureWorkflow, ines: UUID, fact: str, value: str
) -> None:
    erasing.erase(ines, by="self", ground="art-17", actor="user:priya")
    bo = uuid4()
    ask(SourceCandidate, candidate=bo, name="Bo")
    with pytest.raises(AddressIsSuppressed):
        ask(LearnProfileFact, candidate=bo, fact=fact, learned_from="self", value=value)
    ask(LearnProfileFact, candidate=bo, fact=fact, learned_from="ats", value=value, leaves_out=True)
    assert len(log.history(bo)) == 1
    ask(LearnProfileFact, candidate=bo, fact="link", learned_from="self", value="https://x.example/@ines")
    assert len(log.history(bo)) == 2


def test_two_mailboxes_that_an_older_version_took_for_one_are_two(
    log: EventLog, ask: Ask, erasing: ErasureWorkflow
) -> None:
    ines = uuid4()
    ask(SourceCandidate, candidate=ines, name="Ines", emails=("strasse@example.org",))
    erasing.erase(ines, by="self", ground="art-17", actor="user:priya")
    with pytest.raises(AddressIsSuppressed):
        ask(SourceCandidate, candidate=uuid4(), name="Bo", emails=("STRASSE@example.org",))
    ask(SourceCandidate, candidate=uuid4(), name="Bo", emails=("straße@example.org",))
