"""Commands about handshakes, in which a vendor hands over its signing secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from adapters import bootstrap
from adapters.cli.log import existing_log
from adapters.cli.progress import stderr
from adapters.intake.integrations.index import integration_named
from adapters.settings import Settings

group = typer.Typer(
    name="handshakes",
    help="Accept the signing secret that a vendor hands over when a webhook is activated (docs/integrations.md).",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="The integration, such as smartrecruiters.")]


@group.command("open")
def open_(
    name: Name, minutes: Annotated[int, typer.Option(min=1, max=60, help="How many minutes it stays open.")] = 10
) -> None:
    """Open a handshake: the next secret that the vendor hands over is stored, once. A secret is never replaced.

    Example: perennial handshakes open smartrecruiters --minutes 30
    """
    settings, integration = Settings(), integration_named(name)
    configured = settings.secrets_of_integrations.get(name, ())
    with existing_log(settings) as log:
        lasts, now = timedelta(minutes=minutes), datetime.now(UTC)
        closes_at = bootstrap.handshakes(log).open(integration, configured, now, lasts)
    stderr.print(f"the handshake of {name} is open until {closes_at.isoformat(timespec='seconds')}", highlight=False)


@group.command()
def forget(name: Name) -> None:
    """Delete the secret that a vendor handed over. Its deliveries are refused until there is another one."""
    integration = integration_named(name)
    with existing_log(Settings()) as log:
        forgotten = bootstrap.handshakes(log).forget(integration)
    stderr.print(f"the secret of {name} is deleted" if forgotten else f"there is no secret of {name} to delete")
