"""Lever delivers ids alone, and signs a token instead of the body; the opportunity is fetched, with its history."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from adapters.intake.code_spelling import code_of
from adapters.intake.integrations.facts import (
    MAY_PASS,
    UNDATED,
    Facts,
    Job,
    Named,
    Person,
    Standing,
    State,
    Way,
    When,
    meaning_of_application,
    meaning_of_deletion,
)
from adapters.intake.integrations.inbound import (
    NOT_FETCHED,
    Assurance,
    DeliveryContext,
    Fetch,
    Headers,
    Integration,
    PartIsMissing,
    Replay,
    Secrets,
    Understood,
    readable,
    written_code,
)
from adapters.intake.integrations.outside import Outside
from adapters.intake.integrations.signatures import is_signed_by_one

NAME = "lever"
WINDOW = timedelta(hours=24)
"""How old a delivery may be: Lever repeats one that was not answered, with its first time."""
APPLICATION_EVENTS = ("applicationCreated", "candidateStageChange", "candidateHired", "candidateArchiveChange")
HIRED = "hired"
HIRE_EVENT = "candidateHired"
APPLIED = "applied"
ARCHIVE_REASONS, STAGES = "/v1/archive_reasons", "/v1/stages"


def verify(_: Headers, body: bytes, secrets: Secrets) -> bool:
    """Return whether `signature` is the HMAC-SHA256 of `token` and `triggeredAt`, all three in the body."""
    document = readable(body)
    token, triggered_at, signature = (document.text(name) or "" for name in ("token", "triggeredAt", "signature"))
    is_whole = bool(token and triggered_at and signature)
    return is_whole and is_signed_by_one([signature], f"{token}{triggered_at}".encode(), secrets)


def identify(_: Headers, body: bytes) -> str | None:
    """Return an id that follows from the token, which is used once."""
    token = readable(body).text("token")
    return None if token is None else f"token:{hashlib.sha256(token.encode()).hexdigest()}"


def content(document: Outside) -> object:
    return [document.json.get("event"), document.json.get("triggeredAt"), document.json.get("data")]


def paths(document: Mapping[str, Any], fetched: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what is fetched for a delivery: the opportunity, the lists that its ids stand in, and then its posting."""
    opportunity = Outside(dict(document)).part("data").text("opportunityId") or ""
    expanded = "expand=contact&expand=stage&expand=owner&expand=applications"
    wanted = {
        "opportunity": f"/v1/opportunities/{quote(opportunity, safe='')}?{expanded}",
        "stages": STAGES,
        "archive_reasons": ARCHIVE_REASONS,
    }
    posting = posting_of(Outside(dict(fetched)).part("opportunity", "data"))
    return wanted if posting is None else wanted | {"posting": f"/v1/postings/{quote(posting, safe='')}"}


def posting_of(opportunity: Outside) -> str | None:
    """Return the id of the posting that the opportunity's application is for."""
    for application in opportunity.parts("applications"):
        number = application.text("posting") or application.part("posting").text("id")
        if number is not None:
            return number
    return None


def shown(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{token}:'.encode()).decode()}"}


def translate(document: Outside, delivery: DeliveryContext) -> Understood:
    """Return what a delivery means; before its fetch, what is to be fetched."""
    event, facts, data = written_code(document.text("event")), Facts(NAME, delivery), document.part("data")
    contact, opportunity = data.text("contactId"), data.text("opportunityId")
    person = None if contact is None else facts.stream("candidate", contact)
    triggered_at = facts.when(document.milliseconds("triggeredAt"), "triggeredAt")
    if event == "candidateDeleted" and contact is not None:
        return meaning_of_deletion(event, facts, contact)
    if opportunity is None:
        return Understood(event, person, reason="ping")
    if event not in APPLICATION_EVENTS:
        return Understood(event, person, reason="unknown-action")
    if "fetched" not in document.json:
        subject = facts.stream("application", opportunity)
        return Understood(event, person, reason=NOT_FETCHED, subject=subject, told_at=triggered_at.at, is_thin=True)
    try:
        reader = Reader(facts, document.part("fetched"), event)
        return meaning_of_application(event, facts, reader.application(), triggered_at.at)
    except PartIsMissing as missing:
        return Understood(event, person, reason=missing.reason)


def texts(part: Outside, name: str) -> tuple[str, ...]:
    """Return the texts of a list of texts."""
    listed = part.json.get(name)
    items = [Outside({"text": item}).text("text") for item in listed] if isinstance(listed, list) else []
    return tuple(text for text in items if text is not None)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads a fetched opportunity."""

    facts: Facts
    fetched: Outside
    event: str

    @property
    def opportunity(self) -> Outside:
        return self.fetched.part("opportunity", "data")

    def moment(self, part: Outside, *names: str) -> When:
        """Return the first of these times that is given."""
        for name in names:
            at = part.milliseconds(name)
            if at is not None:
                return self.facts.when(at, name)
        return UNDATED

    def named(self, kind: str, number: str | None, listed: str) -> Named:
        """Return how an entry is named: by its text in the list of its kind, else by its id."""
        entry = next(
            (item for item in self.fetched.part(listed).parts("data") if item.text("id") == number), Outside({})
        )
        return Named(entry.text("text"), None if number is None else code_of(f"{kind}-{number}"))

    def application(self) -> Way:
        """Return the application. Raises PartIsMissing."""
        opportunity = self.opportunity
        number = opportunity.text("id")
        if number is None:
            raise PartIsMissing("opportunity-is-missing")
        job, created = self.job(), self.moment(opportunity, "createdAt", "updatedAt")
        submitted = self.submitted() if job is not None else None
        is_considered = submitted is None or (
            created.at is not None and submitted.at is not None and created.at < submitted.at
        )
        return Way(
            id=number,
            person=self.person(),
            job=job,
            source=code_of(next(iter(texts(opportunity, "sources")), None) or opportunity.text("origin")),
            considered=created if is_considered else None,
            submitted=submitted,
            stages=self.stages(),
            standings=(self.standing(),),
        )

    def submitted(self) -> When | None:
        """Return when the person applied; None where they were only considered."""
        created = [self.moment(application, "createdAt") for application in self.opportunity.parts("applications")]
        dated = [when for when in created if when.at is not None]
        return min(dated, key=lambda when: when.at or self.facts.delivery.now, default=None)

    def job(self) -> Job | None:
        posting = self.fetched.part("posting", "data")
        number = posting.text("id") or posting_of(self.opportunity)
        return None if number is None else Job(number, posting.text("text"), self.moment(posting, "createdAt"))

    def person(self) -> Person:
        """Return the contact, who is the same over all opportunities. Raises PartIsMissing."""
        opportunity = self.opportunity
        number = opportunity.text("contact") or opportunity.part("contact").text("id")
        if number is None:
            raise PartIsMissing("contact-id-is-missing")
        as_of = self.moment(opportunity, "updatedAt", "createdAt")
        entered = self.moment(opportunity, "createdAt", "updatedAt")
        return Person(number, entered, as_of, {} if opportunity.is_true("isAnonymized") else self.values())

    def values(self) -> Mapping[str, Sequence[str]]:
        opportunity = self.opportunity
        phones = (phone.text("value") for phone in opportunity.parts("phones"))
        single = {"name": opportunity.text("name"), "location": opportunity.text("location")}
        return {
            "email": texts(opportunity, "emails"),
            "phone": tuple(phone for phone in phones if phone is not None),
            **{fact: () if value is None else (value,) for fact, value in single.items()},
            "link": texts(opportunity, "links"),
            "tag": texts(opportunity, "tags"),
        }

    def stages(self) -> tuple[tuple[Named, When], ...]:
        """Return every stage that the opportunity entered; where it changed none, the one in which it began."""
        changes = self.opportunity.parts("stageChanges")
        entered = [(change.text("toStageId"), self.moment(change, "updatedAt")) for change in changes]
        if not entered:
            stage = self.opportunity.text("stage") or self.opportunity.part("stage").text("id")
            entered = [(stage, self.moment(self.opportunity, "createdAt"))]
        dated = [(number, when) for number, when in entered if number is not None and when.at is not None]
        dated.sort(key=lambda change: change[1].at or self.facts.delivery.now)
        return tuple((self.named("stage", number, "stages"), when) for number, when in dated)

    def standing(self) -> Standing:
        """Return how the opportunity stands: archived since it was, as hired or not by the type of the reason."""
        archived = self.opportunity.part("archived")
        if not archived.json:
            return Standing(State.ACTIVE, self.moment(self.opportunity, "updatedAt"))
        number = archived.text("reason") or archived.part("reason").text("id")
        reasons = self.fetched.part("archive_reasons").parts("data")
        kind = next((reason.text("type") for reason in reasons if reason.text("id") == number), None)
        is_hire = kind == HIRED or (kind is None and self.event == HIRE_EVENT)
        since = self.moment(archived, "archivedAt")
        return Standing(
            State.HIRED if is_hire else State.REJECTED, since, self.named("reason", number, "archive_reasons").code
        )


LEVER = Integration(
    name=NAME,
    title="Lever",
    assurance=Assurance.TOKEN_SIGNED,
    verify=verify,
    identify=identify,
    translate=translate,
    signs={},
    content=content,
    may_pass=MAY_PASS,
    replay=Replay(lambda _, body: readable(body).milliseconds("triggeredAt"), WINDOW),
    fetch=Fetch(paths, shown),
)
