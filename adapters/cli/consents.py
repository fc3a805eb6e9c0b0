"""The command that records the ends of consents."""

from __future__ import annotations

import typer

from adapters import bootstrap
from adapters.cli.log import existing_log
from adapters.cli.progress import stderr
from adapters.settings import Settings

group = typer.Typer()


@group.command("expire-consents")
def expire_consents() -> None:
    """Record the consents that have expired, once. The worker consent-expiry does the same every minute.

    A send is refused from the end of its consent on, whether that end is recorded or not.
    """
    with existing_log(Settings()) as log:
        expired = bootstrap.expiring(log).run()
    others = expired.ended - expired.recorded
    stderr.print(
        f"{expired.recorded} expired consents recorded; {others} were recorded before or ended otherwise",
        highlight=False,
    )
