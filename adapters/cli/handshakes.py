"""What an operator types about handshakes, by which a vendor hands over its signing secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from adapters import bootstrap
from adapters.cli.progress import say
from adapters.intake.integrations.index import integration_named
from adapters.settings import Settings

handshaking = typer.Typer(help="Take the signing secret that a vendor hands over when a webhook is activated.")
Name = Annotated[str, typer.Argument(help="The integration, such as smartrecruiters.")]


@handshaking.command("open")
def open_(
    name: Name, minutes: Annotated[int, typer.Option(min=1, max=60, help="For how long it stays open.")] = 10
) -> None:
    """Open a handshake: the next secret that the vendor hands over is taken, once. A secret is never replaced."""
    settings, integration = Settings(), integration_named(name)
    configured = settings.secrets_of_integrations.get(name, ())
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        lasts, now = timedelta(minutes=minutes), datetime.now(UTC)
        closes_at = bootstrap.handshakes(log).open(integration, configured, now, lasts)
    say.print(f"the handshake of {name} is open until {closes_at.isoformat(timespec='seconds')}", highlight=False)


@handshaking.command()
def forget(name: Name) -> None:
    """Delete the secret that a vendor handed over; its deliveries are refused until there is another one."""
    settings, integration = Settings(), integration_named(name)
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        forgotten = bootstrap.handshakes(log).forget(integration)
    say.print(f"the secret of {name} is deleted" if forgotten else f"{name} had handed over no secret")
