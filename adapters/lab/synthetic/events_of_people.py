"""The events of people and of what passes between them and us, made from rows."""

from __future__ import annotations

from uuid import UUID, uuid5

from adapters.lab.synthetic import shape
from adapters.lab.synthetic.cast import Cast, Maker, Row, time
from adapters.lab.synthetic.columns import NONE, Type
from adapters.lab.synthetic.communities import BY_SELF, MEMBERS
from adapters.lab.synthetic.kinds import FOLLOWING, KINDS, WITHDRAWS
from adapters.lab.synthetic.people import BY_MERGE, ENTIRELY, ON_EVERY_CHANNEL, People
from adapters.lab.synthetic.words import (
    LEAVING_WORDS,
    MERGE_WORDS,
    NOTES,
    REFERRAL_WORDS,
    UNMERGE_WORDS,
    WRONG_WORDS,
    email_of,
    learned_of,
    name_of,
    phone_of,
)
from domain.candidate import (
    CandidateReferred,
    CandidatesMerged,
    CandidateSourced,
    CandidatesUnmerged,
    CommunityJoined,
    CommunityLeft,
    ProfileFactLearned,
)
from domain.consent import ConsentGiven, ConsentRefused, ConsentWithdrawn
from domain.event import Event
from domain.purposes import CONSENT_CHANNELS
from domain.referral import (
    CREDIT_RULE,
    ReferralAccepted,
    ReferralAsked,
    ReferralCredited,
    ReferralDeclined,
    ReferralMade,
    ReferralTurnedIntoApplication,
)
from domain.talent_community import CommunityFounded
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from domain.touchpoint_kinds import kind_named

PURPOSE_OF = tuple(
    shape.TALENT_POOL if withdraws else kind_named(name).purpose
    for name, withdraws in zip(KINDS, WITHDRAWS, strict=True)
)
FOLLOWS = tuple(name in FOLLOWING for name in KINDS)
NOTED = tuple(name.startswith(("note-", "call-", "meeting-", "voicemail-")) for name in KINDS)
REPORTER = tuple(
    "perennial" if name in FOLLOWING else "mailer" if name.startswith("email-") else "recruiter" for name in KINDS
)
REFERRAL_NOTICE = ("referral-notice", "1", "1c7e40aa" * 8)
NOTICE = ("talent-pool-notice", "2", "5b2a9d0c" * 8)


def sourced(cast: Cast, row: Row) -> Event:
    person = cast.persons[row.person]
    name, phones = name_of(person), (phone_of(person),) if person % 3 == 0 else ()
    source, role, location = segments(cast.people, row.person)
    board, outside_id = ("synthetic-board", f"board-{row.person}") if row.person % 10 == 0 else (None, None)
    return CandidateSourced(source, role, location, board, outside_id, name, (email_of(person),), phones)


def referred(cast: Cast, row: Row) -> Event:
    person, people = row.person, cast.people
    words = REFERRAL_WORDS[person % len(REFERRAL_WORDS)]
    referrer, referrer_name = cast.streams[row.referrer], name_of(row.referrer)
    mails, name = (email_of(person),), name_of(person)
    return CandidateReferred(*segments(people, person), referrer, name, mails, (), referrer_name, words)


def segments(people: People, person: int) -> tuple[str, str, str]:
    """Source, role and location of a candidate."""
    return (
        shape.SOURCES[people.source[person]],
        shape.ROLES[people.role[person]],
        shape.LOCATIONS[people.location[person]],
    )


def learned(cast: Cast, row: Row) -> Event:
    fact, role = shape.FACTS[row.code], shape.ROLES[cast.people.role[row.person]]
    told_by = "import" if row.imported else TOLD_BY[row.person % len(TOLD_BY)]
    return ProfileFactLearned(fact, told_by, learned_of(fact, role, row.person, row.touch))


TOLD_BY = ("self", "recruiter", "enrichment")


def given(cast: Cast, row: Row) -> Event:
    channels, method = shape.CHANNEL_SETS[row.code], "import" if row.imported else "web-form"
    evidence = f"export of the older system, line {row.consent + 1}" if row.imported else None
    notice = REFERRAL_NOTICE if row.flag else NOTICE
    stated = ("consent", "eu", *notice, "en", method, "self", time(row.until), evidence)
    return ConsentGiven(shape.REFERRAL_CONTACT if row.flag else shape.TALENT_POOL, channels, *stated)


def refused(cast: Cast, row: Row) -> Event:
    method = "import" if row.imported else "web-form"
    return ConsentRefused(shape.TALENT_POOL, CONSENT_CHANNELS, *NOTICE[:2], method, "self", None)


def withdrawn(cast: Cast, row: Row) -> Event:
    entirely = row.flag & ENTIRELY > 0
    if row.flag & BY_MERGE:
        shut = tuple(name for bit, name in enumerate(CONSENT_CHANNELS) if row.code >> bit & 1)
        return ConsentWithdrawn(shape.TALENT_POOL, shut, entirely, "merge", None, None)
    channels = CONSENT_CHANNELS if row.flag & ON_EVERY_CHANNEL else ("email",)
    cause = row.touchpoint if row.touch != NONE else None
    way = KINDS[row.kind] if row.kind != NONE else "portal"
    reason = LEAVING_WORDS[row.code] if cause is None else None
    return ConsentWithdrawn(shape.TALENT_POOL, channels, entirely, way, cause, reason)


def merged(cast: Cast, row: Row) -> Event:
    survivor, absorbed = cast.streams[row.other], cast.streams[row.person]
    evidence = ("same-address",) if row.person % 3 else ("same-address", "same-name-and-employer")
    return CandidatesMerged(survivor, absorbed, evidence, MERGE_WORDS[row.person % len(MERGE_WORDS)])


def unmerged(cast: Cast, row: Row) -> Event:
    words = UNMERGE_WORDS[row.person % len(UNMERGE_WORDS)]
    return CandidatesUnmerged(cast.streams[row.other], cast.streams[row.person], words)


def founded(cast: Cast, row: Row) -> Event:
    around, topic = shape.COMMUNITIES[row.community]
    return CommunityFounded(around, topic, f"Everybody around {topic.replace('-', ' ')}")


def joined(cast: Cast, row: Row) -> Event:
    return CommunityJoined(cast.community(row.community), MEMBERS[row.flag])


def quitted(cast: Cast, row: Row) -> Event:
    words = LEAVING_WORDS[row.person % len(LEAVING_WORDS)] if row.flag == BY_SELF else None
    return CommunityLeft(cast.community(row.community), MEMBERS[row.flag], words)


def corrected(cast: Cast, row: Row) -> Event:
    message, undone = cast.message(row.message), row.new_kind == NONE
    return TouchpointCorrected(
        touchpoint=row.touchpoint,
        was_kind=KINDS[row.kind],
        was_at=time(row.until),
        was_message=message,
        was_machine=bool(row.machine),
        kind=None if undone else KINDS[row.new_kind],
        at=None if undone else time(row.new_at),
        message=None if undone else message,
        machine=bool(row.new_machine),
        reason=WRONG_WORDS[row.touch % len(WRONG_WORDS)],
    )


def asked(cast: Cast, row: Row) -> Event:
    return ReferralAsked(cast.streams[row.referrer], cast.requisition(row.requisition), None)


def made(cast: Cast, row: Row) -> Event:
    named = cast.streams[row.referrer], cast.streams[row.person], cast.requisition(row.requisition)
    words = REFERRAL_WORDS[row.referral % len(REFERRAL_WORDS)] if row.referral % 2 else None
    return ReferralMade(*named, shape.RELATIONS[row.code], words)


def taken_up(cast: Cast, row: Row) -> Event:
    return ReferralAccepted(cast.streams[row.referrer], cast.streams[row.person])


def turned_down(cast: Cast, row: Row) -> Event:
    by, reason = "candidate" if row.flag else "recruiter", shape.REFERRAL_REASONS[row.code]
    return ReferralDeclined(cast.streams[row.referrer], cast.streams[row.person], by, reason)


def turned_into(cast: Cast, row: Row) -> Event:
    named = cast.streams[row.referrer], cast.streams[row.person]
    return ReferralTurnedIntoApplication(*named, cast.application(row.application))


def credited(cast: Cast, row: Row) -> Event:
    named = cast.streams[row.referrer], cast.streams[row.person], cast.application(row.application)
    return ReferralCredited(*named, time(row.until), CREDIT_RULE)


def touched(cast: Cast, row: Row) -> Event:
    kind, authorised = row.kind, row.authorised
    touchpoint, message = own_ids(cast, row) if FOLLOWS[kind] else (row.touchpoint, cast.message(row.message))
    return TouchpointRecorded(
        touchpoint,
        KINDS[kind],
        message,
        row.machine == 1,
        PURPOSE_OF[kind],
        None if authorised == NONE else authorised == 1,
        cast.consents[row.consent] if row.consent != NONE else None,
        "import" if row.imported else REPORTER[kind],
        NOTES[row.touch % len(NOTES)] if NOTED[kind] else None,
    )


def own_ids(cast: Cast, row: Row) -> tuple[UUID, UUID | None]:
    """Return the touchpoint and the message that follow from another event, as the commands make them."""
    name = KINDS[row.kind]
    if row.community != NONE:
        # Everybody joins a community at most once here.
        return uuid5(cast.community(row.community), f"{cast.streams[row.person]} joined after 0 turns"), None
    referral = cast.referral(row.referral)
    return uuid5(referral, name), referral if name == "referral-asked" else None


MAKERS: dict[int, Maker] = {
    Type.SOURCED: sourced,
    Type.REFERRED: referred,
    Type.FACT: learned,
    Type.GIVEN: given,
    Type.REFUSED: refused,
    Type.WITHDRAWN: withdrawn,
    Type.TOUCHPOINT: touched,
    Type.CORRECTED: corrected,
    Type.MERGED: merged,
    Type.UNMERGED: unmerged,
    Type.JOINED: joined,
    Type.QUIT: quitted,
    Type.FOUNDED: founded,
    Type.REFERRAL_ASKED: asked,
    Type.MADE: made,
    Type.TAKEN_UP: taken_up,
    Type.TURNED_DOWN: turned_down,
    Type.TURNED_INTO: turned_into,
    Type.CREDITED: credited,
}
