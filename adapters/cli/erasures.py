"""Commands about a person's rights: erase them, resume erasures, and release a suppressed address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from adapters import bootstrap
from adapters.access.operators import operator
from adapters.cli.log import existing_log
from adapters.cli.progress import stderr
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings
from commands.handle import Occasion, handle
from commands.release_address import ReleaseAddress
from commands.workflows.erase_person import Erasure, ErasureWorkflow
from domain.errors import ExplainedError

group = typer.Typer()


class CandidateIsNotGiven(ExplainedError):
    """No candidate given

    Neither a candidate nor --resume is given, or both are.

    Give the id of a candidate to erase, or --resume alone to resume the erasures that are not completed.
    """


@group.command("erase")
def erase(
    candidate: Annotated[UUID | None, typer.Argument(help="The id of any record of the person.")] = None,
    by: Annotated[str, typer.Option(help="Who requests it: self, recruiter or retention.")] = "self",
    ground: Annotated[str, typer.Option(help="The legal ground, as a code.")] = "art-17",
    resume: Annotated[bool, typer.Option("--resume", help="Resume all erasures that are not completed.")] = False,
) -> None:
    """Erase a person for good, with all their records. docs/privacy.md lists what is deleted and what remains.

    Exit code 1 when a part of it must wait; the worker erasures, or --resume, continues it.
    Example: perennial erase 0198f3a0-7c1e-7000-8000-00000000a001 --by self --ground art-17
    """
    if (candidate is None) != resume:
        raise CandidateIsNotGiven
    settings = Settings()
    done = []
    with existing_log(settings) as log:
        erasing = bootstrap.erasing(log, settings)
        for erasure in erasing.resume() if candidate is None else [request(erasing, candidate, by, ground)]:
            show(erasure)
            done.append(erasure)
    if resume:
        stderr.print(f"{len(done)} erasures were not completed before", highlight=False)
    exit_unless_completed(done)


def request(erasing: ErasureWorkflow, candidate: UUID, by: str, ground: str) -> Erasure:
    """Request the erasure and carry it out. Errors: CandidateDoesNotExist, CandidateIsErased, LegalHoldStands."""
    return erasing.erase(candidate, by=by, ground=ground, actor=operator().actor, count_others=True)


def exit_unless_completed(erasures: Iterable[Erasure]) -> None:
    """Raise Exit with code 1 where an erasure still waits for something."""
    if any(erasure.state != "completed" for erasure in erasures):
        raise typer.Exit(1)


@group.command("release-address")
def release_address(
    kind: Annotated[str, typer.Argument(help="email or phone.")],
    address: Annotated[str, typer.Option(prompt=True, help="The address. Left out, it is read from the terminal.")],
    ground: Annotated[str, typer.Option(help="Why, as a code.")] = "shared-address",
) -> None:
    """Release an address that an erasure or a withdrawal suppressed, such as one that several people share.

    Leave --address out: the shell keeps no history of what is typed at the prompt.
    """
    now = datetime.now(UTC)
    command = ReleaseAddress(kind=kind, address=address, ground=ground, now=now)
    with existing_log(Settings()) as log:
        done = handle(log, bootstrap.VERB_OF, Occasion(ENTROPY.new_id(), operator().actor, now), lambda: (command,))
    stderr.print(f"released: the {kind} may be recorded again (position {done.position})", highlight=False)


def show(erasure: Erasure) -> None:
    """Print what was erased, what waits, and what is left to do outside of Perennial."""
    stderr.print(f"{erasure.candidate}: {erasure.state}, requested by event {erasure.request}", highlight=False)
    for line in lines_of(erasure):
        stderr.print(f"  {line}", highlight=False, soft_wrap=True)


def lines_of(erasure: Erasure) -> Iterable[str]:
    """Yield the parts of an erasure, one line each."""
    if len(erasure.records) > 1:
        yield f"records of the person: {', '.join(map(str, erasure.records))}"
    for eraser in erasure.erasers:
        number = "done" if eraser.erased is None else f"{eraser.erased} erased"
        yield f"{eraser.name}: {f'waits: {eraser.waits_for}' if eraser.waits_for else number}"
    for export in erasure.exports:
        copy = f"{export.page} of {export.at:%Y-%m-%d}, taken by {export.by}, holds {', '.join(export.holds)}"
        yield f"a copy is outside: {copy} (export {export.export})"
    if erasure.others_shut_out is not None:
        yield (
            f"{erasure.others_shut_out} other people have an address of the person, which is suppressed for them too"
            " (see `perennial release-address`)"
        )
    if erasure.erasure_effective_by is not None:
        yield f"no older copy can be decrypted after {erasure.erasure_effective_by:%Y-%m-%d %H:%M %Z}"
