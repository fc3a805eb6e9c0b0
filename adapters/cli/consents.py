"""What an operator types about consents: note those that have ended."""

from __future__ import annotations

import typer

from adapters import bootstrap
from adapters.cli.progress import say
from adapters.settings import Settings

consent = typer.Typer()


@consent.command("expire-consents")
def expire_consents() -> None:
    """Note the consents that have ended, once. A server does it by itself each minute; sends need no such note."""
    settings = Settings()
    with (
        bootstrap.database(settings, make=False) as conninfo,
        bootstrap.open_log(conninfo, settings) as log,
    ):
        expired = bootstrap.expiring(log).run()
    others = expired.ended - expired.recorded
    say.print(
        f"{expired.recorded} ends of consents noted; {others} ended otherwise or were noted before", highlight=False
    )
