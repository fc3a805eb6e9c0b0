"""Why a delivery was not applied, in words: what its reason means, and what to do now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.errors import Refused

WAITS = (
    "Nothing: it is applied when its cause comes. Where it waits for long, check in {source} whether the cause was"
    " delivered, and have it sent again."
)
SEND_AGAIN = "Correct it in {source} and have it sent again."
NOTHING = "Nothing: it is kept so that no delivery is lost."
RECONCILE = "Run `perennial reconcile {source}`."


@dataclass(frozen=True, slots=True)
class Reason:
    """`detail` says why a delivery was not applied, `what_to_do` what to do now; `{source}` names the integration."""

    detail: str
    what_to_do: str

    def of(self, source: str) -> Reason:
        """Return the same reason with the integration's name filled in."""
        return Reason(self.detail.format(source=source), self.what_to_do.format(source=source))


REASONS: Mapping[str, Reason] = {
    "erased": Reason("It is about an erased person, and nothing that was in it is kept.", NOTHING),
    "address-is-suppressed": Reason(
        "It brings an address that is to stay out, and nothing that was in it is kept.",
        "Nothing, unless a privacy officer releases the address (docs/privacy.md): then have it sent again.",
    ),
    "not-json": Reason("Its body is not a JSON object.", SEND_AGAIN),
    "json-key-stands-twice": Reason("Its JSON has a key twice in one object, so its value is ambiguous.", SEND_AGAIN),
    "event-id-names-another-body": Reason(
        "Its event id came before with another body.",
        "Compare the two in {source}. What this one says is applied when it is sent under an id of its own.",
    ),
    "too-many-deliveries-wait": Reason("More deliveries wait for their cause than may.", RECONCILE),
    "application-is-not-known-yet": Reason("Its application is not known yet.", WAITS),
    "application-is-not-rejected": Reason("It takes a rejection back, and none is known.", WAITS),
    "application-has-ended": Reason("Its application has ended, and nothing has taken the end back yet.", WAITS),
    "application-does-not-exist": Reason("Its application is not known yet.", WAITS),
    "candidate-is-not-hired": Reason("It takes a hire back, and none is known.", WAITS),
    "candidate-is-not-known-yet": Reason("No delivery of their own has told of the person yet.", WAITS),
    "candidate-does-not-exist": Reason("The person is not known yet.", WAITS),
    "job-is-not-known-yet": Reason("Its job is not known yet.", WAITS),
    "requisition-does-not-exist": Reason("Its job is not known yet.", WAITS),
    "offer-is-not-out": Reason("It ends an offer, and none is out.", WAITS),
    "offer-was-accepted": Reason("It declines an offer, and the only one that is known was accepted.", WAITS),
    "offer-is-out": Reason("It makes an offer while another one is out.", WAITS),
    "what-took-back-the-end-before-it-is-missing": Reason(
        "The application has ended already, and what took that end back is not known yet.", WAITS
    ),
    "what-took-it-back-is-missing": Reason(
        "A newer delivery follows it, and what came in between is not known yet.", WAITS
    ),
    "what-it-takes-back-is-missing": Reason("What it takes back is not known yet.", WAITS),
    "offer-was-not-sent": Reason(
        "The offer was not sent yet.", "Nothing: the delivery of the sent offer is applied when it comes."
    ),
    "offer-is-in-no-state-that-counts": Reason("The offer has a status that has no event here.", NOTHING),
    "job-is-a-draft": Reason(
        "The job is a draft.", "Nothing: the delivery of the opened job is applied when it comes."
    ),
    "history-is-not-deleted": Reason(
        "It deletes a job or an application, and history is not deleted.",
        "Nothing. Reject or close it in {source} if it should end here.",
    ),
    "not-part-of-a-history": Reason("It tells of nothing that is part of a history here.", NOTHING),
    "not-fetched-yet": Reason(
        "It only names what changed, which has not been fetched from {source} yet.",
        "Nothing while PERENNIAL_INBOUND_FETCH names {source}: a worker fetches it. Else set that.",
    ),
    "could-not-be-fetched": Reason("What it names could not be fetched from {source} for two days.", RECONCILE),
    "link-leads-elsewhere": Reason(
        "Its link leads to another host than PERENNIAL_INBOUND_FETCH names, where nothing is fetched.",
        "Correct PERENNIAL_INBOUND_FETCH, then run `perennial reconcile {source}`.",
    ),
    "offers-are-not-read": Reason("It is about an offer, and offers of {source} are not read.", NOTHING),
    "openings-are-not-read": Reason("It is about an opening, and openings of {source} are not read.", NOTHING),
    "ping": Reason("It tests the connection.", NOTHING),
    "unknown-action": Reason("Its action is not known here.", "Report the action, which a later version may apply."),
    "erasure-is-asked-for-here": Reason(
        "It asks for an erasure, and came before such requests became proposals.", RECONCILE
    ),
}
"""Every reason that is no rule, and the rules that a delivery waits for."""
OF_PARTS: Mapping[str, str] = {
    "-is-missing": "The body lacks something that is needed: {part}.",
    "-has-too-many-values": "A list of the body has too many values: {part}.",
}
"""Reasons that begin with the name of a part of the body, by their ending."""


def reason_of(code: str, source: str, *, waits: bool) -> Reason:
    """Return what a reason means; one of an unknown code says its code alone. `waits`: the delivery waits."""
    if code in REASONS:
        reason = REASONS[code].of(source)
        return reason if waits or REASONS[code].what_to_do is not WAITS else Reason(reason.detail, RECONCILE).of(source)
    for ending, detail in OF_PARTS.items():
        if code.endswith(ending):
            return Reason(detail.format(part=code.removesuffix(ending).replace("-", " ")), SEND_AGAIN).of(source)
    if code in refusals():
        described = f"GET /problems/{code} describes the rule. Once it is met: {RECONCILE}"
        return Reason(f"A rule refuses what it says: {code.replace('-', ' ')}.", described).of(source)
    return Reason(f"It was not applied: {code.replace('-', ' ')}.", RECONCILE).of(source)


def refusals() -> frozenset[str]:
    """Return the codes of all rules that may refuse what a delivery says."""
    return frozenset(rule.rule() for rule in narrower(Refused))


def narrower(rule: type[Refused]) -> Iterator[type[Refused]]:
    """Yield the particular rules below a kind of refusal."""
    for child in rule.__subclasses__():
        yield child
        yield from narrower(child)
