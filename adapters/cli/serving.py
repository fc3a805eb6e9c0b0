"""The command that serves the HTTP API. It alone of the command line imports the web room."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from adapters import bootstrap
from adapters.cli.api_keys import FIRST_KEY, has_valid_key
from adapters.cli.progress import stderr
from adapters.cli.stopping import until_stopped
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings
from adapters.workers import WORKERS, running
from domain.errors import ExplainedError

if TYPE_CHECKING:
    from adapters.web.framework.document import Api

BACKLOG = 2048
"""Connections that the kernel keeps while the server accepts others."""

group = typer.Typer()


class PortIsTaken(ExplainedError):
    """Port not available

    {host}:{port} cannot be listened on ({error}).

    Stop what listens there, or set PERENNIAL_HOST and PERENNIAL_PORT.
    """

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(host=host, port=port, error=error.strerror)


@group.command()
def serve(
    workers: Annotated[bool, typer.Option(help="Run all background workers in this process too.")] = True,
) -> None:
    """Serve the HTTP API until SIGTERM or SIGINT, with all background workers in the same process.

    It listens on PERENNIAL_HOST and PERENNIAL_PORT, and migrates the database first.
    """
    settings = Settings()
    with until_stopped(), ExitStack() as stack:
        listening = listen(stack, settings)
        conninfo = stack.enter_context(bootstrap.database(settings))
        bootstrap.migrated(conninfo)
        serve_until_stopped(stack, listening, conninfo, settings, WORKERS if workers else ())


def listen(stack: ExitStack, settings: Settings) -> socket.socket:
    """Return a socket on the port that the settings name, before anything slow starts. Errors: PortIsTaken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    try:
        return stack.enter_context(socket.create_server(address, family=family, backlog=BACKLOG))
    except OSError as error:
        raise PortIsTaken(settings.host, settings.port, error) from error


def serve_until_stopped(
    stack: ExitStack, listening: socket.socket, conninfo: str, settings: Settings, workers: Sequence[Worker]
) -> None:
    """Serve over a socket until a signal. Errors: ReadModelsAreOfAnotherZone, and those of opening the log."""
    # Half a second of imports that no other command waits for.
    from adapters.web.app import create_app
    from adapters.web.bootstrap import services_of
    from adapters.web.framework.serving import server_of

    bootstrap.require_zone(conninfo, settings)
    log = stack.enter_context(bootstrap.open_log(conninfo, settings))
    stack.enter_context(running(workers, Host(conninfo, settings, stack, log)))
    services = services_of(log, settings)
    if not settings.oidc_issuer and not has_valid_key(services.api_keys, services.now()):
        stderr.print(f"There is no valid API key. Make one: {FIRST_KEY}", highlight=False, soft_wrap=True)
    app = create_app(services)
    threading.Thread(target=prepare, args=(app,), name="description", daemon=True).start()
    server_of(app).run(sockets=[listening])


def prepare(app: Api) -> None:
    """Generate the API description, which takes a second, before a request needs it, and freeze what is in memory.

    The garbage collector skips frozen objects: each pass over them would hold up every request.
    """
    app.openapi()
    gc.collect()
    gc.freeze()
