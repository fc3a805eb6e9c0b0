"""Every string that is hashed, signed or stored, made by the product from fixed input: a rename changes none of them.

`strings.json` holds what they were when they were first written. `python -m tests.golden.write` adds new ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import commands.catalogue  # noqa: F401 - so that every rule is known here
from adapters.access import principal
from adapters.access.keys import PREFIX as KEY_PREFIX
from adapters.erasure.index import AFTER_THE_KEYS, WHILE_IT_CAN_BE_READ
from adapters.intake.imports import importing
from adapters.intake.imports.columns import FORMER_NAMES
from adapters.intake.integrations import facts, greenhouse, handshakes, inbound
from adapters.postgres.keys.key_file import KeyFile, read_key_file
from adapters.proof import dispatch_rule
from adapters.proof.leaf import COMMITMENT_DOMAIN
from adapters.web.endpoints import accesses
from adapters.web.framework import who
from commands import accept_referral, ask_for_referral, join_community, make_referral
from commands.handle import LEFT, event_id
from commands.workflows import apply_retention, erase_person, expire_consents
from domain import errors, profile_facts, stages, suppression, touchpoint, touchpoint_kinds
from domain.catalogue import EVENTS, UPCASTS
from domain.codec import TEXTS
from queries.ended import EndedConsent
from tests.golden.rows import FOLDER

STRINGS = FOLDER / "strings.json"
MOMENT = datetime(2026, 7, 1, 12, tzinfo=UTC)
ID, OTHER = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff"), UUID("c1f3a0de-3a3b-4a3e-9d0e-2f6d1c0b9a11")


def kept() -> dict[str, str]:
    """The strings as they were when they were first written."""
    strings: dict[str, str] = json.loads(STRINGS.read_text()) if STRINGS.exists() else {}
    return strings


def made() -> dict[str, str]:
    """The strings as the product makes them now."""
    return dict([*of_the_key_file(read_key_file(FOLDER / "keys.json")), *of_ids(), *of_constants(), *of_names()])


def of_the_key_file(keys: KeyFile) -> Iterator[tuple[str, str]]:
    yield "stream of an outside record", str(keys.stream_of("greenhouse", "candidate", "42"))
    yield "former stream of an e-mail address", str(keys.address_stream("email", "ana@example.org"))
    yield "former stream of a phone number", str(keys.address_stream("phone", "+49 30 1234567"))
    yield "stream of an e-mail address", str(keys.form_stream("email", "ana@example.org"))
    yield "stream of a phone number", str(keys.form_stream("phone", "+49301234567"))
    yield "name of the key file", keys.name
    yield "fingerprint of an epoch's key", keys.fingerprint_of(bytes(32))
    yield "name of an epoch", keys.name_of(2, bytes(32))
    yield "blind index of an e-mail address", keys.blind("email", "ana@example.org")
    yield "blind index of a phone number", keys.blind("phone", "+49301234567")
    yield "key that seals the secret of an integration", handshakes.sealing_key(keys, "smartrecruiters").hex()
    yield "actor of an import", importing.PREFIX + keys.fingerprint("import", b"what was ordered")


def of_ids() -> Iterator[tuple[str, str]]:
    yield "event of a command", str(event_id(ID, 3))
    yield "event of a command that is left by its refusal", str(event_id(ID, 3, LEFT))
    yield "merge in the streams of addresses", str(suppression.merge_named(ID, OTHER))
    ended = expire_consents.intention(EndedConsent(ID, OTHER, MOMENT), MOMENT)
    yield "command that notes the end of a consent", str(ended.occasion.command_id)


def of_constants() -> Iterator[tuple[str, str]]:
    constants: dict[str, str | bytes] = {
        **{f"state of an application: {state}": stated for state, stated in facts.STANDINGS_OF.items()},
        "how far the ends of consents were looked for": expire_consents.UNTIL,
        "up to which position consents were looked for": expire_consents.POSITION,
        "actor of the end of consents": expire_consents.ACTOR,
        "actor of erasures": erase_person.ACTOR,
        "actor of retention": apply_retention.ACTOR,
        "ground of retention": apply_retention.GROUND,
        "actor's kind: user": principal.USER,
        "actor's kind: operator": principal.OPERATOR,
        "actor's kind: token": principal.OIDC,
        "actor without a name": who.NAMELESS,
        "actor, spelled": accesses.ACTOR,
        "beginning of an API key": KEY_PREFIX,
        "beginning of a commitment": COMMITMENT_DOMAIN,
        "group of the texts of codes": TEXTS,
        "candidate_system, in the id of a line": FORMER_NAMES["candidate_system"],
        "requisition_system, in the id of a line": FORMER_NAMES["requisition_system"],
        "system that sends itself": touchpoint.OURSELVES,
        "system that sends itself, offline": dispatch_rule.OURSELVES,
        "what a merge withholds, offline": dispatch_rule.WITHHELD,
        "source of Greenhouse": greenhouse.SOURCE,
        "reason: erased": inbound.ERASED,
        "reason: address left out": inbound.ADDRESS_LEFT_OUT,
        "reason: key stands twice": inbound.KEY_STANDS_TWICE,
        "reason: id names another body": inbound.ID_NAMES_ANOTHER,
        "reason: too many wait": inbound.TOO_MANY_WAIT,
        "touchpoint of a referral asked for": ask_for_referral.REFERRAL_ASKED,
        "touchpoint of a referral made": make_referral.MADE,
        "touchpoint of a referral accepted": accept_referral.ACCEPTED,
        "joined by the person": join_community.SELF,
        "stage: prospect": stages.PROSPECT,
        "stage: applied": stages.APPLIED,
        "stage: offer": stages.OFFER,
        "stage: hired": stages.HIRED,
    }
    for name, value in constants.items():
        yield name, value if isinstance(value, str) else value.decode("ascii")


def of_names() -> Iterator[tuple[str, str]]:
    lists: dict[str, Callable[[], list[str]]] = {
        "events": lambda: [event.stored_name for event in EVENTS] + [upcast.stored_name for upcast in UPCASTS],
        "touchpoint kinds": lambda: [kind.kind for kind in touchpoint_kinds.CATALOGUE],
        "profile facts": lambda: [fact.code for fact in profile_facts.CATALOGUE],
        "erasers": lambda: [*WHILE_IT_CAN_BE_READ, *AFTER_THE_KEYS],
        "rules": lambda: [rule.rule() for rule in rules()],
    }
    for what, names in lists.items():
        for name in sorted(names()):
            yield f"{what}: {name}", name


def rules(base: type[errors.Refused] = errors.Refused) -> Iterator[type[errors.Refused]]:
    """The rules of the domain and of the commands, whose codes stand in kept deliveries and rejected files."""
    for rule in base.__subclasses__():
        named = rule not in (errors.NotFound, errors.Conflict, errors.Invalid)
        if named and rule.__module__.split(".")[0] in ("domain", "commands"):
            yield rule
        yield from rules(rule)
