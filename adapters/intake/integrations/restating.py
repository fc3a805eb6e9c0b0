"""A value such as a stage or a name is what the newest delivery states, in whichever order the deliveries arrive.

A delivery that only confirms a value adds no event. When an older one with another value arrives later, the next newer
delivery that states the value is read again, so that its value holds again from its own time on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from commands.add_prospect import AddProspect
from commands.addresses import ADDRESSES
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.attached import Statement
from commands.close_requisition import CloseRequisition
from commands.correct_opening_date import CorrectOpeningDate
from commands.enter_stage import EnterStage
from commands.learn_profile_fact import LearnProfileFact
from commands.rename_requisition import RenameRequisition
from commands.reopen_requisition import ReopenRequisition
from commands.submit_application import SubmitApplication
from commands.verb import Command

STAGE, TITLE, OPENED, HIRING_MANAGER, RECRUITER = "stage", "title", "opened", "hiring-manager", "recruiter"
STATUS = "status"
StatementKeys = Collection[tuple[UUID, str]]
"""Streams, and what is stated of each."""


def opened_of(opening: UUID | None) -> str:
    """Return what a statement is of that says when an opening was opened; None: when its job was."""
    return OPENED if opening is None else f"{OPENED}-{opening}"


def statements_in(commands: Iterable[Command]) -> list[Statement]:
    """Return what the commands state of values that replace one another: each once, at the earliest time."""
    earliest: dict[tuple[UUID, str], Statement] = {}
    for statement in every_statement_in(commands):
        key = statement.stream, statement.what
        if key not in earliest or statement.at < earliest[key].at:
            earliest[key] = statement
    return list(earliest.values())


def every_statement_in(commands: Iterable[Command]) -> list[Statement]:
    """Return what the commands state of values that replace one another, each at its time."""
    keys = [(statement_key(command), command.moment) for command in commands]
    return [Statement(*key, moment) for key, moment in keys if key is not None]


def statement_key(command: Command) -> tuple[UUID, str] | None:
    """Return what the command states a value of. Addresses do not count: none replaces another."""
    match command:
        case EnterStage(application=stream) | SubmitApplication(application=stream) | AddProspect(application=stream):
            return stream, STAGE
        case LearnProfileFact(candidate=stream, fact=fact) if fact not in ADDRESSES:
            return stream, fact
        case RenameRequisition(requisition=stream):
            return stream, TITLE
        case CorrectOpeningDate(requisition=stream, opening=opening):
            return stream, opened_of(opening)
        case AssignHiringManager(requisition=stream):
            return stream, HIRING_MANAGER
        case AssignRecruiter(requisition=stream):
            return stream, RECRUITER
        case CloseRequisition(requisition=stream) | ReopenRequisition(requisition=stream):
            return stream, STATUS
        case _:
            return None
