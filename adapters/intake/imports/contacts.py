"""What passed between people and us elsewhere, and what they allowed there: dated as it was. An imported answer is
marked as one, so that it never passes for one that was given to us."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from adapters.intake.imports.origin import Origin
from adapters.intake.imports.refusals import ValueCannotBeRead
from adapters.intake.imports.row import Row
from commands.give_consent import IMPORT, GiveConsent
from commands.record_touchpoint import RecordTouchpoint
from commands.refuse_consent import RefuseConsent
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from domain.codes import UNKNOWN


def touchpoint(row: Row, origin: Origin, line: UUID) -> Iterator[Command]:
    """Yield the command of a line about a contact. `line`: the id that the line has for ever."""
    message = row.text("message")
    yield RecordTouchpoint(
        candidate=origin.candidate(row),
        touchpoint=line,
        kind=row.needed("kind"),
        message=None if message is None else origin.stream("message", message),
        machine=row.flag("machine"),
        purpose=row.text("purpose"),
        reported_by=row.text("reported_by") or origin.system,
        note=row.text("note"),
        now=origin.now,
        **row.when_needed("at").fields(),
    )


def consent(row: Row, origin: Origin, _: UUID) -> Iterator[Command]:
    """Yield the command of a line about an answer."""
    answer = row.needed("answer")
    if answer not in ANSWERS:
        raise ValueCannotBeRead(field="answer", wanted="an answer", example=", ".join(ANSWERS))
    yield ANSWERS[answer](row, origin)


def given(row: Row, origin: Origin) -> GiveConsent:
    until = row.when("valid_until", ahead=True)
    return GiveConsent(
        candidate=origin.candidate(row),
        purpose=row.needed("purpose"),
        channels=row.texts("channels"),
        basis=row.text("basis") or "consent",
        jurisdiction=row.text("jurisdiction") or UNKNOWN,
        notice=row.text("notice") or UNKNOWN,
        notice_version=row.text("notice_version") or UNKNOWN,
        notice_sha256=row.text("notice_sha256"),
        language=row.text("language") or UNKNOWN,
        method=IMPORT,
        answered_by=IMPORT,
        valid_until=None if until is None else until.at,
        evidence=row.text("evidence"),
        now=origin.now,
        **row.when_needed("at").fields(),
    )


def refused(row: Row, origin: Origin) -> RefuseConsent:
    return RefuseConsent(
        candidate=origin.candidate(row),
        purpose=row.needed("purpose"),
        channels=row.texts("channels"),
        notice=row.text("notice") or UNKNOWN,
        notice_version=row.text("notice_version") or UNKNOWN,
        method=IMPORT,
        answered_by=IMPORT,
        evidence=row.text("evidence"),
        now=origin.now,
        **row.when_needed("at").fields(),
    )


def withdrawn(row: Row, origin: Origin) -> WithdrawConsent:
    return WithdrawConsent(
        candidate=origin.candidate(row),
        purpose=row.needed("purpose"),
        channels=row.texts("channels"),
        method=IMPORT,
        reason=row.text("evidence"),
        now=origin.now,
        **row.when_needed("at").fields(),
    )


ANSWERS = {"given": given, "refused": refused, "withdrawn": withdrawn}
