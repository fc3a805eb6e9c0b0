"""What an operator types about who may ask: API keys are made, listed and revoked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.access.keys import NAME, PREFIX, KeptKey, Wanted
from adapters.access.operators import operator
from adapters.access.policy import Action, Role
from adapters.cli.progress import say
from adapters.postgres.tables.api_keys import ApiKeys
from adapters.settings import Settings
from domain.codes import CODE

DEMO = "operator:demo"
HOW_TO_BEGIN = "perennial api-keys add --name ana --role admin --role recruiter"
FOR_HOW_LONG = re.compile(r"[1-9][0-9]{0,4}[hd]")

api_keys = typer.Typer(help="API keys: who may ask over HTTP, and as what; docs/access.md.", no_args_is_help=True)


def demo_keys(keys: ApiKeys, now: datetime) -> dict[Role, str]:
    """A key of each role, good for a month; those of the demo before are revoked."""
    for former in keys.all():
        if former.made_by == DEMO and former.state(now) == "good":
            keys.revoke(former.id, DEMO, now)
    expires_at = now + timedelta(days=30)
    return {
        role: keys.make(
            Wanted(f"demo-{role}", frozenset({role}), "demo" if role is Role.INTEGRATION else None, None, expires_at),
            DEMO,
            now,
        ).text
        for role in Role
    }


def nobody_may_ask(keys: ApiKeys, now: datetime) -> bool:
    """Whether no key is good."""
    return all(key.state(now) != "good" for key in keys.all())


def written_like(pattern: str, text: str | None) -> str | None:
    if text is not None and not re.fullmatch(pattern, text):
        raise typer.BadParameter(f"{text!r} is not written like {pattern}")
    return text


@api_keys.command()
def add(
    name: Annotated[
        str,
        typer.Option(help="Who it is for; the log says user:NAME.", callback=lambda told: written_like(NAME, told)),
    ],
    role: Annotated[list[Role], typer.Option(help="What they are; may be repeated.")],
    source: Annotated[
        str | None,
        typer.Option(
            help="Of an integration: the system it speaks for, such as greenhouse.",
            callback=lambda told: written_like(CODE.pattern, told),
        ),
    ] = None,
    scope: Annotated[
        list[Action] | None, typer.Option(help="Only these of the things its roles may; may be repeated.")
    ] = None,
    expires_in: Annotated[str | None, typer.Option(help="Such as 90d or 12h; else it is good until revoked.")] = None,
) -> None:
    """Make an API key and print it, once: it is kept nowhere."""
    now = datetime.now(UTC)
    expires_at = None if expires_in is None else now + lasting(expires_in)
    wanted = Wanted(name, frozenset(role), source, frozenset(scope) if scope else None, expires_at)
    settings = Settings()
    with bootstrap.database(settings) as conninfo:
        bootstrap.migrated(conninfo)
        with bootstrap.api_keys(conninfo) as keys:
            made = keys.make(wanted, operator().actor, now)
    say.print(f"{made.id} for {name}. Keep it secret: the key acts as this user, and is shown only once:")
    typer.echo(made.text)


def lasting(told: str, option: str = "--expires-in") -> timedelta:
    """How long 90d or 12h is. Errors: typer.BadParameter."""
    if not FOR_HOW_LONG.fullmatch(told):
        raise typer.BadParameter(f"{told!r} is not written like 90d or 12h", param_hint=option)
    number = int(told[:-1])
    return timedelta(days=number) if told.endswith("d") else timedelta(hours=number)


@api_keys.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON list on standard output.")] = False,
) -> None:
    """Show every key that was made: whose it is, what it may, and whether it is good."""
    with bootstrap.database(Settings(), make=False) as conninfo, bootstrap.api_keys(conninfo) as keys:
        known, now = keys.all(), datetime.now(UTC)
    if as_json:
        typer.echo(json.dumps([told(key, now) for key in known]))
    else:
        show(known, now)


@api_keys.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id, as `list` shows it: pnl_<id>_...")]) -> None:
    """Make a key good for nothing; every server takes notice within seconds."""
    name = key.removeprefix(PREFIX).partition("_")[0]  # of a key that leaked, and was pasted whole, no secret is said
    with bootstrap.database(Settings(), make=False) as conninfo, bootstrap.api_keys(conninfo) as keys:
        revoked = keys.revoke(name, operator().actor, datetime.now(UTC))
    say.print(f"{revoked.id} of {revoked.name} is revoked", highlight=False)


def told(key: KeptKey, now: datetime) -> dict[str, object]:
    """The key for programs; never its hash."""
    return {
        "id": key.id,
        "name": key.name,
        "roles": sorted(key.roles),
        "source": key.source,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "state": key.state(now),
        "made_at": key.made_at.isoformat(),
        "made_by": key.made_by,
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
    }


def show(keys: Iterable[KeptKey], now: datetime) -> None:
    whole = Column("id", no_wrap=True)
    table = Table(whole, "name", "roles", "source", "scopes", "state", "made", "by", "expires")
    for key in keys:
        roles, scopes = ", ".join(sorted(key.roles)), ", ".join(sorted(key.scopes or ()))
        expires = "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}"
        made = f"{key.made_at:%Y-%m-%d}"
        table.add_row(key.id, key.name, roles, key.source, scopes, key.state(now), made, key.made_by, expires)
    Console().print(table)
