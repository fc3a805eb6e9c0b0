"""Retention: who is due, who is kept longer and why, and that no one is erased before the read models are current."""

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
def make_candidate(post: Post) -> Callable[..., UUID]:
    """Return a function that makes a candidate who entered three years ago, unless another time is given."""

    def make_candidate(occurred_at: str = LONG_AGO, **more: Any) -> UUID:
        return UUID(
            post("/v1/candidates", **{"source": "fair", "name": "Nora Blum", "occurred_at": occurred_at, **more})[
                "stream"
            ]
        )

    return make_candidate


def standings(overdue: OverduePeople) -> dict[UUID, tuple[str, tuple[str, ...]]]:
    return {person.candidate: (person.standing, tuple(person.because)) for person in overdue.overdue(None, Sought())}


def test_who_was_never_in_contact_is_due_two_years_after_they_came(
    make_candidate: Callable[..., UUID], overdue: OverduePeople, fold: Fold
) -> None:
    due, _ = make_candidate(), make_candidate(NOT_SO_LONG_AGO)
    fold()
    (overdue_person,) = overdue.overdue(None, Sought())
    assert (overdue_person.candidate, overdue_person.standing, overdue_person.months, overdue_person.last_contact) == (
        due,
        "due",
        24,
        None,
    )
    assert overdue_person.ends_on.isoformat() < datetime.now(UTC).date().isoformat()


def test_contact_begins_the_time_anew_and_an_open_does_not(
    make_candidate: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    clicked, opened, consented = make_candidate(), make_candidate(), make_candidate()
    post(f"/v1/candidates/{clicked}/touchpoints", kind="email-clicked", occurred_at=NOT_SO_LONG_AGO)
    post(f"/v1/candidates/{opened}/touchpoints", kind="email-opened", occurred_at=NOT_SO_LONG_AGO)
    post(f"/v1/candidates/{consented}/consents", purpose="talent_pool", channels=["email"], notice="n",
         notice_version="1")  # fmt: skip
    fold()
    assert set(standings(overdue)) == {opened}


def test_people_who_are_kept_longer_are_listed_with_the_reason(
    make_candidate: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    held, restricted, lifted, free = (make_candidate() for _ in range(4))
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
    assert {person.candidate for person in overdue.overdue(None, Sought(standing="due", limit=1))} == {lifted, free}


def test_open_applications_and_hires_keep(
    make_candidate: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    people = [make_candidate() for _ in range(3)]
    job = post("/v1/requisitions", role="gardener", occurred_at=LONG_AGO)["stream"]
    opening = post(f"/v1/requisitions/{job}/openings", occurred_at=LONG_AGO)["ids"]["opening"]
    applied = [
        post("/v1/applications", candidate=str(person), requisition=job, occurred_at=LONG_AGO)["stream"]
        for person in people
    ]
    post(f"/v1/applications/{applied[1]}/reject", reason="other", occurred_at=LONG_AGO)
    post(f"/v1/applications/{applied[2]}/hire", requisition=job, opening=opening, occurred_at=LONG_AGO)
    fold()
    assert standings(overdue) == {
        people[0]: ("kept", ("open-application",)), people[1]: ("due", ()), people[2]: ("kept", ("hired",)),
    }  # fmt: skip


def test_two_records_of_one_person_are_one_and_the_newest_contact_counts(
    make_candidate: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold
) -> None:
    first, other, third, fourth = (make_candidate() for _ in range(4))
    post(f"/v1/candidates/{other}/touchpoints", kind="call-received", occurred_at=NOT_SO_LONG_AGO)
    post(f"/v1/candidates/{first}/merge", absorbed=str(other), evidence=["same-name"])
    post(f"/v1/candidates/{third}/merge", absorbed=str(fourth), evidence=["same-name"])
    fold()
    (overdue_person,) = overdue.overdue(None, Sought())
    assert (overdue_person.candidate, set(overdue_person.records)) == (third, {third, fourth})


def test_the_law_of_the_newest_consent_decides(
    make_candidate: Callable[..., UUID], post: Post, overdue: OverduePeople, fold: Fold, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[fr]\nmonths = 12\nbecause = "our own policy"\n')
    own = replace(overdue, rules=rules_in(rules))
    candidates = {law: make_candidate() for law in ("fr", "de")}
    for law, candidate in candidates.items():
        post(f"/v1/candidates/{candidate}/consents", purpose="talent_pool", channels=["email"], notice="n",
             notice_version="1", jurisdiction=law, occurred_at=NOT_SO_LONG_AGO)  # fmt: skip
    fold()
    (overdue_person,) = own.overdue(None, Sought())
    assert (overdue_person.candidate, overdue_person.jurisdiction, overdue_person.months) == (
        candidates["fr"],
        "fr",
        12,
    )


def test_applying_erases_only_people_who_are_due(
    make_candidate: Callable[..., UUID],
    post: Post,
    retaining: RetentionWorkflow,
    overdue: OverduePeople,
    fold: Fold,
    log: EventLog,
) -> None:
    due, held = make_candidate(name="Due"), make_candidate(name="Held")
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
    path: str, body: dict[str, Any], why: str, make_candidate: Callable[..., UUID], post: Post,
    retaining: RetentionWorkflow, overdue: OverduePeople,
    fold: Fold,
) -> None:  # fmt: skip
    candidate = make_candidate()
    fold()
    (listed,) = overdue.overdue(None, Sought())
    post(f"/v1/candidates/{candidate}/{path}", **body)
    assert retaining.erase(listed) == Kept(candidate, why)


def test_no_one_is_erased_while_the_read_models_are_behind(
    make_candidate: Callable[..., UUID], retaining: RetentionWorkflow, fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_candidate()
    fold()
    make_candidate()
    monkeypatch.setattr(read_models, "RETENTION_WAITS_SECONDS", 0.1)
    with pytest.raises(ReadModelsAreBehind):
        list(retaining.erase_due())


def test_pages_lead_on_to_the_end(
    make_candidate: Callable[..., UUID], client: httpx.Client, client_as: ClientAs, fold: Fold
) -> None:
    people = {str(make_candidate()) for _ in range(5)}
    fold()
    candidates: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/v1/due-erasures", params={"limit": "2", "standing": "due", **cursor})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["due"], body["kept"]) == (5, 0)
        candidates += [person["candidate"] for person in body["people"]]
        if body["next"] is None:
            break
        cursor = {"cursor": body["next"]}
    assert (len(candidates), set(candidates)) == (5, people)
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
    make_candidate: Callable[..., UUID], overdue: OverduePeople, fold: Fold
) -> None:
    people = [make_candidate() for _ in range(3)]
    fold()
    answer: list[Overdue] = list(overdue.overdue(None, Sought(candidate=people[1])))
    assert [person.candidate for person in answer] == [people[1]]
    assert list(overdue.overdue(None, Sought(candidate=uuid4()))) == []
