"""Retention: who is due, who is kept longer and why, and that nobody is erased by what is not known yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters import bootstrap
from adapters.access.policy import Role
from adapters.erasure.retention_rules import RetentionFileIsWrong, rules_in
from adapters.postgres import read_models
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.read_models import OverduePeople
from adapters.settings import Settings
from adapters.web.services import Services
from commands.workflows.apply_retention import Kept, ReadModelsAreBehind, RetentionWorkflow
from commands.workflows.erase_person import Erasure
from domain.retention import RULES
from queries.retention import Overdue, Sought
from tests.adapters.web.conftest import ClientAs, Post, problem

LONG_AGO = (datetime.now(UTC) - timedelta(days=3 * 366)).isoformat()
NOT_SO_LONG_AGO = (datetime.now(UTC) - timedelta(days=400)).isoformat()
Fold = Callable[[], int]


@pytest.fixture
def retaining(services: Services) -> RetentionWorkflow:
    return services.retaining


@pytest.fixture
def overdue(log: EventLog, settings: Settings) -> OverduePeople:
    return bootstrap.overdue(log, settings)


@pytest.fixture
def somebody(post: Post) -> Callable[..., UUID]:
    """Somebody who came to us three years ago, or as said."""

    def somebody(occurred_at: str = LONG_AGO, **more: Any) -> UUID:
        return UUID(
            post("/v1/candidates", **{"source": "fair", "name": "Nora Blum", "occurred_at": occurred_at, **more})[
                "stream"
            ]
        )

    return somebody


def standings(overdue: OverduePeople) -> dict[UUID, tuple[str, tuple[str, ...]]]:
    return {one.candidate: (one.standing, tuple(one.because)) for one in overdue.overdue(None, Sought())}


def test_who_was_never_in_contact_is_due_two_years_after_they_came(
    somebody: Callable[..., UUID], overdue: OverduePeople, fold: Fold
) -> None:
    due, _ = somebody(), somebody(NOT_SO_LONG_AGO)
    fold()
    (found,) = overdue.overdue(None, Sought())
    assert (found.candidate, found.standing, found.months, found.last_contact) == (due, "due", 24, None)
    assert found.ends_on.isoformat() < datetime.now(UTC).date().isoformat()


def test_contact_begins_the_time_anew_and_an_open_does_not(
    somebody: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    clicked, opened, consented = somebody(), somebody(), somebody()
    post(f"/v1/candidates/{clicked}/touchpoints", kind="email-clicked", occurred_at=NOT_SO_LONG_AGO)
    post(f"/v1/candidates/{opened}/touchpoints", kind="email-opened", occurred_at=NOT_SO_LONG_AGO)
    post(f"/v1/candidates/{consented}/consents", purpose="talent_pool", channels=["email"], notice="n",
         notice_version="1")  # fmt: skip
    fold()
    assert set(standings(overdue)) == {opened}


def test_who_is_kept_longer_is_told_with_the_reason(
    somebody: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    held, restricted, lifted, free = (somebody() for _ in range(4))
    post(f"/v1/candidates/{held}/legal-holds", matter="smith-v-us")
    post(f"/v1/candidates/{restricted}/restrict", ground="accuracy-contested")
    post(f"/v1/candidates/{lifted}/legal-holds", matter="jones")
    post(f"/v1/candidates/{lifted}/legal-holds/jones/lift")
    fold()
    assert standings(overdue) == {
        held: ("kept", ("legal-hold",)), restricted: ("kept", ("restriction",)), lifted: ("due", ()), free: ("due", ()),
    }  # fmt: skip
    page = overdue.page(None, Sought(limit=1))
    assert (page.due, page.kept, len(page.people)) == (2, 2, 1)
    (only,) = overdue.overdue(None, Sought(candidate=held))
    assert only.matters == ("smith-v-us",)
    assert {one.candidate for one in overdue.overdue(None, Sought(standing="due", limit=1))} == {lifted, free}


def test_open_applications_and_hires_keep(
    somebody: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    people = [somebody() for _ in range(3)]
    job = post("/v1/requisitions", role="gardener", occurred_at=LONG_AGO)["stream"]
    opening = post(f"/v1/requisitions/{job}/openings", occurred_at=LONG_AGO)["ids"]["opening"]
    applied = [
        post("/v1/applications", candidate=str(one), requisition=job, occurred_at=LONG_AGO)["stream"] for one in people
    ]
    post(f"/v1/applications/{applied[1]}/reject", reason="other", occurred_at=LONG_AGO)
    post(f"/v1/applications/{applied[2]}/hire", requisition=job, opening=opening, occurred_at=LONG_AGO)
    fold()
    assert standings(overdue) == {
        people[0]: ("kept", ("open-application",)), people[1]: ("due", ()), people[2]: ("kept", ("hired",)),
    }  # fmt: skip


def test_two_records_of_one_person_are_one_and_the_newest_contact_counts(
    somebody: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    one, other, third, fourth = (somebody() for _ in range(4))
    post(f"/v1/candidates/{other}/touchpoints", kind="call-received", occurred_at=NOT_SO_LONG_AGO)
    post(f"/v1/candidates/{one}/merge", absorbed=str(other), evidence=["same-name"])
    post(f"/v1/candidates/{third}/merge", absorbed=str(fourth), evidence=["same-name"])
    fold()
    (found,) = overdue.overdue(None, Sought())
    assert (found.candidate, set(found.records)) == (third, {third, fourth})


def test_the_law_of_the_newest_consent_decides(
    somebody: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[fr]\nmonths = 12\nbecause = "our own policy"\n')
    own = replace(overdue, rules=rules_in(rules))
    candidates = {law: somebody() for law in ("fr", "de")}
    for law, one in candidates.items():
        post(f"/v1/candidates/{one}/consents", purpose="talent_pool", channels=["email"], notice="n",
             notice_version="1", jurisdiction=law, occurred_at=NOT_SO_LONG_AGO)  # fmt: skip
    fold()
    (found,) = own.overdue(None, Sought())
    assert (found.candidate, found.jurisdiction, found.months) == (candidates["fr"], "fr", 12)


def test_applying_erases_those_who_are_due_and_nobody_else(
    somebody: Callable[..., UUID],
    post: Post,
    retaining: RetentionWorkflow,
    overdue: OverduePeople,
    fold: Fold,
    log: EventLog,
) -> None:
    due, held = somebody(name="Due"), somebody(name="Held")
    post(f"/v1/candidates/{held}/legal-holds", matter="one")
    fold()
    (erasure,) = retaining.erase_due()
    assert isinstance(erasure, Erasure)
    assert (erasure.candidate, erasure.state, erasure.by, erasure.ground) == (
        due, "completed", "retention", "retention-period-over",
    )  # fmt: skip
    fold()
    assert standings(overdue) == {held: ("kept", ("legal-hold",))}
    assert list(retaining.erase_due()) == []
    assert log.history(held)[0].event.name == "Held"  # type: ignore[attr-defined]  # an entry


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [("touchpoints", {"kind": "call-received"}, "contact"),
     ("consents", {"purpose": "talent_pool", "channels": ["email"], "notice": "n", "notice_version": "1"}, "contact"),
     ("restrict", {"ground": "accuracy-contested"}, "restriction"),
     ("legal-holds", {"matter": "one"}, "legal-hold"), ("erase", {}, "erased-already")],
)  # fmt: skip
def test_what_was_learned_since_the_list_was_made_is_heeded(
    path: str, body: dict[str, Any], why: str, somebody: Callable[..., UUID], post: Post,
    retaining: RetentionWorkflow, overdue: OverduePeople,
    fold: Fold,
) -> None:  # fmt: skip
    one = somebody()
    fold()
    (listed,) = overdue.overdue(None, Sought())
    post(f"/v1/candidates/{one}/{path}", **body)
    assert retaining.erase(listed) == Kept(one, why)


def test_nobody_is_erased_by_what_is_not_known_yet(
    somebody: Callable[..., UUID], retaining: RetentionWorkflow, fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody()
    fold()
    somebody()
    monkeypatch.setattr(read_models, "RETENTION_WAITS_SECONDS", 0.1)
    with pytest.raises(ReadModelsAreBehind):
        list(retaining.erase_due())


def test_pages_lead_on_to_the_end(
    somebody: Callable[..., UUID], client: httpx.Client, client_as: ClientAs, fold: Fold
) -> None:
    people = {str(somebody()) for _ in range(5)}
    fold()
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/v1/due-erasures", params={"limit": "2", "standing": "due", **cursor})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["due"], told["kept"]) == (5, 0)
        found += [one["candidate"] for one in told["people"]]
        if told["next"] is None:
            break
        cursor = {"cursor": told["next"]}
    assert (len(found), set(found)) == (5, people)
    assert client.get("/v1/due-erasures", params={"on": "2020-01-01"}).json()["people"] == []
    assert client.get("/v1/due-erasures", params={"standing": "kept"}).json()["due"] == 5
    assert problem(client.get("/v1/due-erasures", params={**cursor, "standing": "kept"})) == (
        422,
        "cursor-cannot-be-read",
    )
    assert problem(client_as(Role.RECRUITER).get("/v1/due-erasures")) == (403, "role-may-not")


@pytest.mark.parametrize(
    ("text", "why"),
    [("[fr]\nmonths = 0\nbecause = 'none'", "fr.months"), ("[fr]\nmonths = 12", "fr.because"),
     ("[fr]\nmonths = '12'\nbecause = 'text'", "fr.months"), ("[FR]\nmonths = 12\nbecause = 'why'", "no jurisdiction"),
     ("[fr]\nmonths = 12\nbecause = 'why'\nyears = 1", "fr.years"), ("months = 12", "months"), ("[fr", "at the end of"),
     ("[fr]\nmonths = 121\nbecause = 'why'", "fr.months")],
)  # fmt: skip
def test_rules_that_say_something_wrong_are_refused(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(RetentionFileIsWrong, match=why):
        rules_in(path)


def test_own_rules_stand_in_the_place_of_ours(tmp_path: Path, log: EventLog) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('["*"]\nmonths = 18\nbecause = "our own policy"\n')
    assert rules_in(None) == RULES
    assert {law: rule.months for law, rule in rules_in(path).items()} == {"*": 18, "fr": 24, "us": 24}
    assert bootstrap.retaining(log, Settings(retention=path)).rules["*"].because == "our own policy"
    with pytest.raises(RetentionFileIsWrong):
        rules_in(tmp_path / "none.toml")


def test_asking_for_one_person_finds_that_person_alone(
    somebody: Callable[..., UUID], overdue: OverduePeople, fold: Fold
) -> None:
    people = [somebody() for _ in range(3)]
    fold()
    found: list[Overdue] = list(overdue.overdue(None, Sought(candidate=people[1])))
    assert [one.candidate for one in found] == [people[1]]
    assert list(overdue.overdue(None, Sought(candidate=uuid4()))) == []
