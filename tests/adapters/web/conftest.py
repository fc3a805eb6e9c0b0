"""A served Perennial: the application on a port of its own, and a way to fold what was written."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from adapters import bootstrap
from adapters.access.keys import Wanted
from adapters.access.policy import Role
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.bootstrap import services_of
from adapters.web.framework.document import Api
from adapters.web.framework.serving import server_of
from adapters.web.services import Services
from tests.adapters.web.contract import Contract
from tests.described_once import describe_once

describe_once()
SECRETS = ("first-secret", "second-secret")
Post = Callable[..., dict[str, Any]]
ClientAs = Callable[..., httpx.Client]
EVERY_ROLE = frozenset(Role) - {Role.INTEGRATION}
ACTOR = "user:tester"
"""The actor in the log of requests with `key`."""


@pytest.fixture
def log(database: str, key_file: KeyFile) -> Iterator[EventLog]:
    """The event log with as many connections as the service opens: requests come at once."""
    with EventLog(database, key_file) as log:
        yield log


@pytest.fixture
def settings(key_path: Path, tmp_path: Path) -> Settings:
    secrets = {name: tuple(SecretStr(secret) for secret in SECRETS) for name in ("greenhouse", "lever")}
    return Settings(key_file=key_path, data_folder=tmp_path, zone="Europe/Berlin", inbound_secrets=secrets)


@pytest.fixture
def services(log: EventLog, settings: Settings) -> Services:
    return services_of(log, settings)


@contextmanager
def serving(app: Api) -> Iterator[str]:
    """Serve the application on a free port of the loopback interface, and yield its base URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = server_of(app, log_level="critical")
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def app(services: Services) -> Iterator[Api]:
    app = create_app(services)
    yield app
    app.end_streams()
    app.close()


@pytest.fixture
def url(app: Api) -> Iterator[str]:
    with serving(app) as url:
        yield url


def key_of(services: Services, *roles: Role, name: str = "tester", source: str | None = None) -> str:
    """Return a new API key."""
    return services.api_keys.make(Wanted(name, frozenset(roles), source), "user:test", services.now()).text


def bearing(key: str) -> dict[str, str]:
    """Return the header with the key."""
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def key(services: Services) -> str:
    """Return a key with every role but integration."""
    return key_of(services, *EVERY_ROLE)


# `verify=False`: nothing is encrypted here, and each client would read all certificate authorities of the system anew.
@pytest.fixture
def anonymous(app: Api, url: str) -> Iterator[httpx.Client]:
    """Yield a client without a key. Every answer must conform to the OpenAPI document."""
    with httpx.Client(verify=False, base_url=url, event_hooks={"response": [contract_of(app).check]}) as client:
        yield client


@pytest.fixture
def client(app: Api, url: str, key: str) -> Iterator[httpx.Client]:
    """Yield a client with a key of every role. Every answer must conform to the OpenAPI document."""
    hooks = {"response": [contract_of(app).check]}
    with httpx.Client(verify=False, base_url=url, headers=bearing(key), event_hooks=hooks) as client:
        yield client


@pytest.fixture
def client_as(app: Api, url: str, services: Services) -> Iterator[ClientAs]:
    """Yield a factory of clients: client_as(Role.AUDITOR), client_as(Role.INTEGRATION, source="greenhouse")."""
    with ExitStack() as stack:

        def made(role: Role, source: str | None = None) -> httpx.Client:
            headers = bearing(key_of(services, role, name=f"one-{role}", source=source))
            hooks = {"response": [contract_of(app).check]}
            return stack.enter_context(httpx.Client(verify=False, base_url=url, headers=headers, event_hooks=hooks))

        yield made


CONTRACTS: list[Contract] = []
"""The contract of the application, which is made once in a test session."""


def contract_of(app: Api) -> Contract:
    if not CONTRACTS:
        CONTRACTS.append(Contract(app.openapi()))
    return CONTRACTS[0]


@pytest.fixture
def post(client: httpx.Client) -> Post:
    """Return a function that posts a body, requires success, and returns the content of the answer."""

    def post(path: str, **body: Any) -> dict[str, Any]:
        answer = client.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        content: dict[str, Any] = answer.json()
        return content

    return post


@pytest.fixture
def candidate(post: Post) -> UUID:
    """Return the stream of a new candidate."""
    return UUID(post("/v1/candidates", source="career-site", role="gardener", name="Ines Prado")["stream"])


@pytest.fixture
def fold(database: str, settings: Settings, log: EventLog) -> Iterator[Callable[[], int]]:
    """Yield a function that folds every read model up to the log's head, and returns it."""
    with bootstrap.projector(database) as datastore:
        yield bootstrap.runner(datastore, settings).catch_up


@pytest.fixture
def folding(database: str, settings: Settings, log: EventLog) -> Iterator[None]:
    """Have every read model follow the log."""
    stop = threading.Event()
    with bootstrap.projector(database) as datastore:
        runner = bootstrap.runner(datastore, settings)
        runner.catch_up()
        thread = threading.Thread(target=runner.run, args=(stop,))
        thread.start()
        yield
        stop.set()
        thread.join()


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the problem's slug."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert set(document) >= {"type", "title", "detail", "instance", "what_to_do"}
    return answer.status_code, document["type"].removeprefix("/problems/")
