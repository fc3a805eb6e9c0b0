"""What an operator types about a person's rights: erase them, and go on with what was broken off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from adapters import bootstrap
from adapters.access.operators import operator
from adapters.cli.progress import say
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings
from commands.handle import Occasion, handle
from commands.release_address import ReleaseAddress
from commands.workflows.erase_person import Erasure

privacy = typer.Typer()


class NobodyIsNamed(Exception):
    """Name the candidate to erase, or --resume alone to go on with what was requested and not completed."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@privacy.command("erase")
def erase(
    candidate: Annotated[UUID | None, typer.Argument(help="Any record of the person.")] = None,
    by: Annotated[str, typer.Option(help="Who wants it: self, recruiter or retention.")] = "self",
    ground: Annotated[str, typer.Option(help="Why, as a code.")] = "art-17",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what was requested and not completed.")] = False,
) -> None:
    """Erase a person for good, in whichever records they stand; docs/privacy.md says what goes and what stays.

    Exit code 1 where something must be waited for: a server, or --resume, goes on with it.
    """
    if (candidate is None) != resume:
        raise NobodyIsNamed
    settings = Settings()
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        erasing = bootstrap.erasing(log, settings)
        if candidate is None:
            done = [shown(erasure) for erasure in erasing.resume()]
            say.print(f"{len(done)} erasures had not been completed", highlight=False)
        else:
            done = [shown(erasing.erase(candidate, by=by, ground=ground, actor=operator().actor, count_others=True))]
    if any(erasure.state != "completed" for erasure in done):
        raise typer.Exit(1)


@privacy.command("release-address")
def release_address(
    kind: Annotated[str, typer.Argument(help="email or phone.")],
    address: Annotated[str, typer.Option(prompt=True, help="The address; asked for, so that no shell keeps it.")],
    ground: Annotated[str, typer.Option(help="Why, as a code.")] = "shared-address",
) -> None:
    """Release an address that an erasure or a withdrawal suppressed, such as one that several people share."""
    settings = Settings()
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        now = datetime.now(UTC)
        command = ReleaseAddress(kind=kind, address=address, ground=ground, now=now)
        done = handle(log, bootstrap.VERB_OF, Occasion(ENTROPY.new_id(), operator().actor, now), lambda: (command,))
    say.print(f"released: the {kind} may come in again (position {done.position})", highlight=False)


def shown(erasure: Erasure) -> Erasure:
    """Tells what was done, and what is left to do elsewhere; gives the same erasure."""
    say.print(f"{erasure.candidate}: {erasure.state}, asked for by event {erasure.request}", highlight=False)
    if len(erasure.records) > 1:
        say.print(f"  records of the person: {', '.join(map(str, erasure.records))}", highlight=False, soft_wrap=True)
    for one in erasure.erasers:
        said = f"waits: {one.waits_for}" if one.waits_for else f"{'' if one.erased is None else one.erased} let go"
        say.print(f"  {one.name}: {said.strip()}", highlight=False, soft_wrap=True)
    for export in erasure.exports:
        held = f"{export.page} of {export.at:%Y-%m-%d}, taken by {export.by}, holds {', '.join(export.holds)}"
        say.print(f"  still held elsewhere: {held} (export {export.export})", highlight=False, soft_wrap=True)
    if erasure.others_shut_out is not None:
        told = f"{erasure.others_shut_out} other people have an address of the person, which is kept out for them too"
        say.print(f"  {told} (see `perennial release-address`)", highlight=False, soft_wrap=True)
    if erasure.erasure_effective_by is not None:
        say.print(f"  no older copy can be opened after {erasure.erasure_effective_by:%Y-%m-%d %H:%M %Z}")
    return erasure
