"""Something personal is put wherever it can be, and looked for in every answer to those who may not read people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from limits import parse

from adapters.access.policy import Action, Role
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.framework.document import Api
from adapters.web.framework.rates import Rates
from adapters.web.services import Services
from domain.catalogue import EVENTS
from domain.codec import personal_in
from domain.event import Erased
from tests.adapters.web.conftest import EVERY_ROLE, serving
from tests.adapters.web.test_matrix import SOURCE, House, Route, caught_up, routes_of

MAY_SEE = (Action.READ_CONSENTS, Action.READ_EVENTS, Action.AUDIT)
"""What an auditor is shown something personal for: evidence of consents, opened events, what was typed in searches."""


@pytest.fixture
def house(services: Services) -> Iterator[House]:
    app = create_app(replace(services, rates=Rates(parse("1000000/second"), parse("1000000/second"))))
    with ExitStack() as stack, serving(app) as url:
        yield House(services, url, stack)


class Teller:
    """Fills every field of free text that a request has with something that is found again."""

    def __init__(self, client: httpx.Client, app: Api) -> None:
        self.client, self.document, self.filled = client, app.openapi(), 0

    def say(self, path: str, /, **body: Any) -> dict[str, Any]:
        """Posts the body, and free text in all the fields of text that it leaves out; gives the answer."""
        route = next(
            template
            for template in self.document["paths"]
            if fits(template, path) and "post" in self.document["paths"][template]
        )
        schema = self.document["paths"][route]["post"]["requestBody"]["content"]["application/json"]["schema"]
        fields = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
        free = {name: value for name, schema in fields.items() if (value := self.text(name, schema)) is not None}
        answer = self.client.post(path, json={**free, **body})
        assert answer.is_success, (path, answer.text)
        content: dict[str, Any] = answer.json()
        return content

    def text(self, name: str, schema: Mapping[str, Any]) -> Any:
        """What a field is filled with; None where it is no free text."""
        self.filled += 1
        forms = schema.get("anyOf", [schema])
        words = f"Quillfeather{self.filled}@{name}.example" if name != "phones" else f"+49 30 555{self.filled:04}"
        if any(form.get("type") == "string" and form.keys() <= {"type", "title", "description"} for form in forms):
            return words
        free = any(form.get("type") == "array" and is_free(form["items"]) for form in forms)
        return [words] if free else None


def is_free(items: Mapping[str, Any]) -> bool:
    """Whether the values of a list may be any text."""
    return items.get("type") == "string" and items.keys().isdisjoint({"pattern", "enum", "format"})


def fits(template: str, path: str) -> bool:
    parts, other = template.split("/"), path.split("/")
    return len(parts) == len(other) and all(a == b or a.startswith("{") for a, b in zip(parts, other, strict=True))


def tell_everything(teller: Teller) -> dict[str, str]:
    """Events of every type that can hold something personal; gives something of every kind, as routes ask for it."""
    say = teller.say
    person, twin, friend = (say("/v1/candidates", outside_source="oak", name="Nora Blum")["stream"] for _ in range(3))
    say("/v1/referrals", referrer=friend, name="Nora Blum")
    of, job = f"/v1/candidates/{person}", say("/v1/requisitions", role="gardener", outside_source="oak")["stream"]
    for path in ("profile-facts", "profile-facts/retract"):
        say(f"{of}/{path}", fact="skill", learned_from="self", value="Quillfeather-roses")
    say(f"{of}/profile-facts", fact="note", learned_from="self")
    say(f"{of}/merge", absorbed=twin, evidence=["same-email"])
    say(f"{of}/unmerge", absorbed=str(twin))
    community = say("/v1/communities", around="skill", topic="python")["stream"]
    say(f"{of}/communities/{community}/join")
    say(f"{of}/communities/{community}/leave")
    say(f"{of}/legal-holds", matter="case-1")
    say(f"{of}/legal-holds/case-1/lift")
    say(f"{of}/restrict", ground="contested")
    say(f"{of}/unrestrict")
    touchpoint = say(f"{of}/touchpoints", kind="call-answered")["ids"]["touchpoint"]
    say(f"{of}/touchpoints/{touchpoint}/correct", kind="email-replied")
    purpose = {"purpose": "talent_pool", "channels": ["email"]}
    say(f"{of}/consents/talent_pool/request", channels=["email"])
    given = say(
        f"{of}/consents", **purpose, notice="privacy", notice_version="3", language="en", came_from="203.0.113.0"
    )
    say(f"{of}/consents/events/refuse")
    say(f"{of}/sends", kind="email-sent")
    say(f"{of}/consents/talent_pool/withdraw")
    say(f"/v1/requisitions/{job}/title")
    opening = say(f"/v1/requisitions/{job}/openings")["ids"]["opening"]
    say(f"/v1/requisitions/{job}/openings/{opening}/cancel")
    say(f"/v1/requisitions/{job}/openings/{opening}/reopen", need="same")
    for path in ("hold", "resume", "hiring-manager", "recruiter"):
        say(f"/v1/requisitions/{job}/{path}")
    both = {"candidate": person, "requisition": job, "outside_source": "oak"}
    application = f"/v1/applications/{(stream := say('/v1/applications', **both)['stream'])}"
    for path in ("reject", "unreject"):
        say(f"{application}/{path}")
    for path in ("decline", "rescind"):
        say(f"{application}/offer", requisition=job)
        say(f"{application}/offer/{path}")
    say(f"{application}/hire")
    say(f"{application}/unhire")
    say(f"{application}/withdraw")
    say("/v1/prospects", candidate=person, outside_source="oak")
    parameters = {"purpose": "referral_contact", "channels": ["email"], "language": "en", "came_from": "203.0.113.0"}
    say(f"/v1/candidates/{friend}/consents", **parameters)
    say("/v1/referral-requests", referrer=friend)
    referral = say(f"{of}/referrals", referrer=friend)["stream"]
    say("/v1/addresses/find", kind="email", address="quillfeather-typed@mail.example")
    return {
        "candidate": person, "absorbed": twin, "referrer": friend, "community": community, "touchpoint": touchpoint,
        "requisition": job, "opening": opening, "application": stream, "referral": referral, "purpose": "talent_pool",
        "event": given["events"][0]["id"], "matter": "case-1", "level": "0", "slug": "consent-is-missing",
        "import_id": str(UUID(int=1)), "api_key": "000000000000",
    }  # fmt: skip


def everything_personal(log: EventLog) -> dict[tuple[str, str], set[str]]:
    """Return the texts of every sealed field of every event in the log."""
    with log.recorder.datastore.pool.connection() as connection:
        streams = [row["stream_id"] for row in connection.execute("select distinct stream_id from event").fetchall()]
    personal: dict[tuple[str, str], set[str]] = {}
    for event in (recorded.event for stream in streams for recorded in log.history(stream)):
        made_as: Any = type(event)
        for name in personal_in(made_as):
            value = getattr(event, name)
            assert not isinstance(value, Erased)
            texts = value if isinstance(value, tuple) else (value,)
            personal.setdefault((event.stored_name, name), set()).update(text for text in texts if text)
    return personal


def bytes_of(client: httpx.Client, route: Route, world: Mapping[str, str], source: str | None) -> bytes:
    """All that is answered, headers too; of a stream what there was until now."""
    body = route.body(world, source)
    if route.operation != "changes":
        answer = client.request(route.method, route.path.format_map(world), params=route.query(), **body)
        return b"\n".join(value for _, value in answer.headers.raw) + answer.content
    lines = []
    with client.stream("GET", route.path) as stream:
        for line in stream.iter_lines():
            lines.append(line)
            if line.startswith(": settled") and len(lines) > 10:
                break
    return "\n".join(lines).encode()


def test_no_answer_has_anything_personal_for_a_role_that_may_not_read_people(
    house: House, app: Api, log: EventLog, database: str, settings: Settings, folding: None
) -> None:
    recruiter = house.client(house.key("tester", *EVERY_ROLE))
    teller = Teller(recruiter, app)
    world = tell_everything(teller) | {"proposal": str(UUID(int=2)), "source": "greenhouse"}
    house.propose(world)
    declined = f"/v1/candidates/{world['candidate']}/erasure-proposals/{world['proposal']}/decline"
    teller.say(declined, ground="consent-stands")
    world["path"] = f"000.p/{caught_up(database, settings)}"
    personal = everything_personal(log)
    made_as: Any = EVENTS
    holds = {(event.stored_name, name) for event in made_as for name in personal_in(event)}
    assert holds == {place for place, texts in personal.items() if texts}
    canaries = {text for texts in personal.values() for text in texts}
    assert len(canaries) > 50
    canaries.add("user:tester")  # the actor of all of that: only the kind of a colleague is shown

    def shown_to(client: httpx.Client, source: str | None, skipped: tuple[Action, ...] = ()) -> set[str]:
        fields = set()
        for route in routes_of(app):
            if route.action not in skipped:
                answer = bytes_of(client, route, world, source).decode(errors="replace").lower()
                fields |= {f"{route.operation}: {text}" for text in canaries if text.lower() in answer}
        return fields

    for role in (Role.ANALYST, Role.ADMIN, Role.INTEGRATION):
        source = SOURCE if role is Role.INTEGRATION else None
        assert shown_to(house.client(house.key(f"one-{role}", role)), source) == set()
    auditor = house.client(house.key("one-auditor", Role.AUDITOR))
    assert shown_to(auditor, None, skipped=MAY_SEE) == set()
    seen = bytes_of(recruiter, next(r for r in routes_of(app) if r.operation == "timeline"), world, None).decode()
    assert len({text for text in canaries if text in seen}) > 15


def test_a_timeline_says_what_it_withholds(house: House, app: Api) -> None:
    recruiter, analyst = (house.client(house.key(r, r)) for r in (Role.RECRUITER, Role.ANALYST))
    candidate = recruiter.post("/v1/candidates", json={"source": "fair", "name": "Ines Prado"}).json()["stream"]
    (whole,), (part,) = (
        client.get(f"/v1/candidates/{candidate}/timeline").json()["events"] for client in (recruiter, analyst)
    )
    assert (whole["withheld"], whole["data"]["name"], whole["actor"]) == ([], "Ines Prado", "user:recruiter")
    assert part["withheld"] == ["emails", "name", "outside_id", "phones"]
    assert (part["data"]["source"], part["actor"]) == ("fair", "user")
    assert part["data"].keys().isdisjoint(part["withheld"])


def test_a_requisition_says_that_it_withholds(house: House) -> None:
    recruiter, analyst = (house.client(house.key(r, r)) for r in (Role.RECRUITER, Role.ANALYST))
    job = recruiter.post("/v1/requisitions", json={"role": "gardener", "title": "Head of roses"}).json()["stream"]
    whole, part = (client.get(f"/v1/requisitions/{job}").json() for client in (recruiter, analyst))
    assert (whole["title"], whole["withheld"]) == ("Head of roses", False)
    assert (part["title"], part["withheld"], part["role"]) == (None, True, "gardener")
