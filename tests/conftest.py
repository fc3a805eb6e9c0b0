"""One PostgreSQL for all tests, and a fresh migrated database for each that asks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from adapters.postgres.embedded.server import embedded_server
from adapters.postgres.keys.key_file import KeyFile, ensure_key_file
from adapters.postgres.log.event_log import EventLog
from tests.counts import (  # noqa: F401 - hooks of pytest
    pytest_collection_finish,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)
from tests.databases import FORGETFUL, ensure_template, fresh_database, short_lived_folder

# How long an example takes says something about the machine, not about what holds for all histories.
settings.register_profile("perennial", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("perennial")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The conninfo of a PostgreSQL server of this test session's own (its `postgres` database)."""
    with short_lived_folder() as folder, embedded_server(folder / "data", FORGETFUL) as conninfo:
        ensure_template(conninfo)
        yield conninfo


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A temporary folder that other users may pass: run as root, the tests' servers run as one. pytest's own is closed
    to them whenever a run of pytest begins."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The conninfo of an empty, migrated database that is gone after the test."""
    with fresh_database(server) as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' key file is."""
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="session")
def key_file(key_path: Path) -> KeyFile:
    return ensure_key_file(key_path)


@pytest.fixture
def log(database: str, key_file: KeyFile) -> Iterator[EventLog]:
    """The event log over an empty database, as the service's role."""
    with EventLog(database, key_file, pool_size=1) as log:  # more connections open when they are needed
        yield log
