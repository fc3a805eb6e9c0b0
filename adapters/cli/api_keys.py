"""Commands about API keys: make, list and revoke them."""

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
from adapters.cli.dates import duration_in
from adapters.cli.progress import stderr
from adapters.postgres.tables.api_keys import ApiKeys
from adapters.settings import Settings
from domain.codes import CODE

DEMO = "operator:demo"
FIRST_KEY = "perennial api-keys add --name ana --role admin --role recruiter"

group = typer.Typer(
    name="api-keys", help="Make, list and revoke API keys for the HTTP API (docs/access.md).", no_args_is_help=True
)


def demo_keys(keys: ApiKeys, now: datetime) -> dict[Role, str]:
    """Make a key for each role, valid for 30 days, and revoke those of earlier demos."""
    for former in keys.all():
        if former.made_by == DEMO and former.state(now) == "good":
            keys.revoke(former.id, DEMO, now)
    return {role: keys.make(demo_key(role, now), DEMO, now).text for role in Role}


def demo_key(role: Role, now: datetime) -> Wanted:
    """Return the demo's key of a role."""
    source = "demo" if role is Role.INTEGRATION else None
    return Wanted(f"demo-{role}", frozenset({role}), source, None, now + timedelta(days=30))


def has_valid_key(keys: ApiKeys, now: datetime) -> bool:
    """Return whether any key is neither revoked nor expired."""
    return any(key.state(now) == "good" for key in keys.all())


def require_pattern(pattern: str, text: str | None) -> str | None:
    """Return the text. Errors: typer.BadParameter where it does not match."""
    if text is not None and not re.fullmatch(pattern, text):
        raise typer.BadParameter(f"{text!r} is not written like {pattern}")
    return text


@group.command()
def add(
    name: Annotated[
        str,
        typer.Option(
            help="Whom the key is for, as a code: the log records user:NAME.",
            callback=lambda text: require_pattern(NAME, text),
        ),
    ],
    role: Annotated[list[Role], typer.Option(help="A role of the key (docs/access.md); may be repeated.")],
    source: Annotated[
        str | None,
        typer.Option(
            help="With --role integration: the system that it speaks for, such as greenhouse.",
            callback=lambda text: require_pattern(CODE.pattern, text),
        ),
    ] = None,
    scope: Annotated[
        list[Action] | None,
        typer.Option(help="Restrict the key to this action of its roles; may be repeated. Default: all of them."),
    ] = None,
    expires_in: Annotated[
        str | None, typer.Option(help="How long it is valid, in days or hours: 90d or 12h. Default: until revoked.")
    ] = None,
) -> None:
    """Make an API key and print it on standard output. It is not stored and cannot be shown again.

    Example: perennial api-keys add --name ana --role recruiter --expires-in 90d
    """
    now = datetime.now(UTC)
    expires_at = None if expires_in is None else now + duration_in(expires_in, "--expires-in")
    wanted = Wanted(name, frozenset(role), source, frozenset(scope) if scope else None, expires_at)
    with bootstrap.database(Settings()) as conninfo:
        bootstrap.migrated(conninfo)
        with bootstrap.api_keys(conninfo) as keys:
            made = keys.make(wanted, operator().actor, now)
    stderr.print(f"{made.id} for {name}. Keep it secret: requests with it act as this user. It is shown only once:")
    typer.echo(made.text)


@group.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list on standard output.")] = False,
) -> None:
    """List every API key with its name, roles, scopes, state and dates. No key itself is shown."""
    with bootstrap.database(Settings(), make=False) as conninfo, bootstrap.api_keys(conninfo) as keys:
        listed, now = keys.all(), datetime.now(UTC)
    if as_json:
        typer.echo(json.dumps([fields_of(key, now) for key in listed]))
    else:
        show(listed, now)


@group.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id, as `list` shows it: pnl_<id>_...")]) -> None:
    """Revoke an API key. Every server refuses it within five seconds.

    Example: perennial api-keys revoke 0123456789ab
    """
    key_id = key.removeprefix(PREFIX).partition("_")[0]  # never repeats the secret of a key that is pasted whole
    with bootstrap.database(Settings(), make=False) as conninfo, bootstrap.api_keys(conninfo) as keys:
        revoked = keys.revoke(key_id, operator().actor, datetime.now(UTC))
    stderr.print(f"{revoked.id} of {revoked.name} is revoked", highlight=False)


def fields_of(key: KeptKey, now: datetime) -> dict[str, object]:
    """Return the fields of a key for JSON; never its hash."""
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
    """Print the keys as a table."""
    whole = Column("id", no_wrap=True)
    table = Table(whole, "name", "roles", "source", "scopes", "state", "made", "by", "expires")
    for key in keys:
        roles, scopes = ", ".join(sorted(key.roles)), ", ".join(sorted(key.scopes or ()))
        expires = "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}"
        made = f"{key.made_at:%Y-%m-%d}"
        table.add_row(key.id, key.name, roles, key.source, scopes, key.state(now), made, key.made_by, expires)
    Console().print(table)
