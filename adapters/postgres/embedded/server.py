"""A PostgreSQL of our own in a data folder, where no database is named: nothing needs to be installed."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.embedded.case_folding import DatabaseCannotBeCarriedOver, carry_over, make_database
from adapters.postgres.embedded.data_folder import (
    SUPERUSER,
    Account,
    EmbeddedServerCannotRun,
    ensure_data_folder,
    let_through,
    may_pass,
    server_user,
    write,
)
from adapters.postgres.embedded.postmaster import (
    PORT,
    SOCKET,
    end_of_log,
    forget_stale_files,
    is_alive,
    is_stopped,
    launch,
    named_postmaster,
    postmaster_of,
    processes_of,
    read_pid_file,
    send,
)
from adapters.postgres.embedded.sharing import FileLock, MustStop
from adapters.runtime.background import beside

LOGGER = logging.getLogger(__name__)
DATABASE = "perennial"
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "512MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "log_min_messages": "error",
    # What was deleted must be gone from every file once the keys are rotated: no old file of the log is used again, and
    # of an error only its message is logged, never the values or the statement that it was about.
    "wal_recycle": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    # The folder of the socket lets its owner in alone, and so does the socket.
    "unix_socket_permissions": "0700",
    # The host's locale, with which older folders were made, may be gone.
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
}
LONGEST_SOCKET_PATH = 103
"""Bytes that every system takes, of those with sockets of the kind."""
UNSAFE_IN_A_SOCKET_PATH = frozenset(",'\"\\@\n")
"""They mean something else in a list of hosts or folders."""
LOOKS_EVERY = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
SAYS_SO_EVERY = 10.0
STOPS_WITHIN = 10.0
ORPHANS_END_WITHIN = 60.0
CONNECTS_WITHIN = 5
REFUSES_FOR = 10.0
"""Seconds that a server which calls itself ready may refuse connections: it may have crashed a moment ago."""
NEVER = threading.Event()


@contextmanager
def embedded_server(folder: Path, settings: Mapping[str, str] = SETTINGS, *, renew: bool = False) -> Iterator[str]:
    """Starts (or joins) the server whose data is in `folder`; gives the conninfo of its `perennial` database.

    As long as it is used, a server that ends is started again. It stops when its last user ends. The folder is made
    where it is missing. `renew`: also a database of an older version, so that it folds the case of every script.
    Errors: EmbeddedServerCannotRun.
    """
    with EmbeddedServer(folder, settings).used(renew=renew) as conninfo:
        yield conninfo


class EmbeddedServer:
    """One process's view of the server in a data folder."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder.expanduser().resolve()
        self._settings = settings
        self._process: psutil.Process | None = None

    @contextmanager
    def used(self, *, renew: bool) -> Iterator[str]:
        """Keep the server running and yield the conninfo of the database."""
        self._user = prepared_parent(self._folder)
        with self._lock("start") as gate, self._lock("users") as users:
            try:
                with gate.exclusive(NEVER):
                    conninfo = self._join(users, renew=renew)
                    users.share()
                with beside(lambda over: self._keep_running(gate, over), "postgres"):
                    yield conninfo
            finally:
                with gate.exclusive(NEVER):
                    if users.is_exclusive():
                        self._stop()

    def _lock(self, what: str) -> FileLock:
        path = self._folder.with_name(f".{self._folder.name}.{what}.lock")
        try:
            return FileLock(path, self._user)
        except OSError as error:
            raise EmbeddedServerCannotRun(self._folder, f"{path} cannot be written ({error.strerror}).") from error

    def _join(self, users: FileLock, *, renew: bool) -> str:
        alone = users.is_exclusive()
        self._user, changed = ensure_data_folder(self._folder)
        try:
            restart = write_settings(self._folder, self._settings, self._user)
        except OSError as error:
            raise EmbeddedServerCannotRun(self._folder, f"{error.strerror} ({error.filename}).") from error
        if restart and alone:
            self._stop()
        elif (changed or restart) and (running := postmaster_of(self._folder)):
            send(running, signal.SIGHUP)
        conninfo = self._running(NEVER)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            ensure_database(connection)
        if renew and alone:
            renew_database(conninfo)
        return make_conninfo(conninfo, dbname=DATABASE)

    def _keep_running(self, gate: FileLock, over: threading.Event) -> None:
        """Starts the server again whenever it has ended, after longer and longer pauses while that does not help."""
        pause, began = FIRST_PAUSE, time.monotonic()
        while not over.wait(LOOKS_EVERY):
            if self._process is not None and is_alive(self._process):
                pause = FIRST_PAUSE if time.monotonic() > began + LONGEST_PAUSE else pause
                continue
            LOGGER.error("PostgreSQL in %s has ended; starting it again", self._folder)
            began = time.monotonic()
            try:
                with gate.exclusive(over):
                    self._running(over)
                LOGGER.warning("PostgreSQL in %s answers again", self._folder)
            except MustStop:
                return
            except (EmbeddedServerCannotRun, OSError) as error:
                LOGGER.error("%s Trying again in %.1f s", error, pause)
            over.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _running(self, over: threading.Event) -> str:
        """Return the conninfo of a server that answers; start it if it does not run. Call it with the gate held.

        Errors: EmbeddedServerCannotRun, MustStop.
        """
        launched = False
        while (process := postmaster_of(self._folder)) is None or not self._answers(process, over):
            if process is not None:
                continue  # it was stopping
            if launched:
                raise EmbeddedServerCannotRun(self._folder, f"it ended while starting: {end_of_log(self._folder)}")
            self._launch(over)
            launched = True
        self._process = process
        return self._conninfo()

    def _conninfo(self) -> str:
        written = read_pid_file(self._folder)
        sockets = written.sockets if written else socket_folder(self._folder, self._user)
        return make_conninfo(host=str(sockets), port=PORT, user=SUPERUSER, dbname="postgres")

    def _launch(self, over: threading.Event) -> None:
        """Starts the server. Returns when its main process is there. Errors: EmbeddedServerCannotRun, MustStop."""
        self._without_orphans(over)
        sockets = socket_folder(self._folder, self._user)
        try:
            if os.geteuid() == 0:
                let_through(self._folder, self._user)
            forget_stale_files(self._folder, sockets)
            process = launch(self._folder, sockets, self._user)
        except OSError as error:
            raise EmbeddedServerCannotRun(self._folder, f"{error.strerror} ({error.filename}).") from error
        while process.poll() is None and postmaster_of(self._folder) is None:
            time.sleep(0.02)
        if process.poll() is not None:
            raise EmbeddedServerCannotRun(self._folder, f"it ended at once: {end_of_log(self._folder)}")

    def _answers(self, process: psutil.Process, over: threading.Event) -> bool:
        """Wait until the server answers, as long as its main process lives. Return whether it does.

        It may be recovering, or stopping for another process. Errors: EmbeddedServerCannotRun, MustStop.
        """
        began = ready_since = reported = time.monotonic()
        error: Exception | None = None
        while is_alive(process):
            if over.is_set():
                raise MustStop
            written, now = read_pid_file(self._folder), time.monotonic()
            if written is None or written.state != "ready":
                ready_since = now
            elif (error := self._refusal()) is None:
                return True
            elif is_stopped(process) or isinstance(error, psycopg.errors.ConnectionTimeout):
                ready_since = now
            if now > ready_since + REFUSES_FOR:
                raise EmbeddedServerCannotRun(self._folder, f"it refuses connections: {error}")
            if now > reported + SAYS_SO_EVERY:
                reported = now
                LOGGER.warning("waiting for PostgreSQL in %s for %.0f s: %s", self._folder, now - began,
                               "its process is stopped (SIGSTOP)" if is_stopped(process) else
                               written.state if written and written.state else "starting")  # fmt: skip
            time.sleep(0.05)
        return False

    def _refusal(self) -> Exception | None:
        """Why the server takes no connection; None where it does."""
        try:
            psycopg.connect(self._conninfo(), connect_timeout=CONNECTS_WITHIN).close()
        except psycopg.OperationalError as error:
            return error
        return None

    def _without_orphans(self, over: threading.Event) -> None:
        """Wait for the last processes of a server whose main process was killed: they end when they notice."""
        give_up = time.monotonic() + ORPHANS_END_WITHIN
        while orphans := processes_of(self._folder):
            if over.is_set():
                raise MustStop
            if time.monotonic() > give_up:
                pids = ", ".join(str(process.pid) for process in orphans)
                why = f"processes of an ended server still run: {pids}. End them; the data is safe."
                raise EmbeddedServerCannotRun(self._folder, why)
            time.sleep(0.1)

    def _stop(self) -> None:
        """Ends the server in order. One that takes long is left to end when it can: the next start waits for it."""
        process = postmaster_of(self._folder)
        if process is None:
            return
        send(process, signal.SIGINT)
        give_up = time.monotonic() + STOPS_WITHIN
        while is_alive(process):
            if time.monotonic() > give_up:
                LOGGER.warning("PostgreSQL in %s (process %d) is still stopping", self._folder, process.pid)
                return
            time.sleep(0.02)
        forget_socket_folder(self._folder)


def prepared_parent(folder: Path) -> Account:
    """Make the folder above the data folder. Return the user that the server runs as. Errors:
    EmbeddedServerCannotRun."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return server_user(folder if folder.exists() else folder.parent)
    except OSError as error:
        raise EmbeddedServerCannotRun(folder, f"{error.strerror} ({error.filename}).") from error


def condition(folder: Path) -> str:
    """Return the state of a data folder's server: 'running', 'stopped' (by a signal) or 'not running'."""
    process = named_postmaster(folder.expanduser().resolve())
    if process is None:
        return "not running"
    return "stopped" if is_stopped(process) else "running"


def socket_folder(folder: Path, user: Account) -> Path:
    """Return the folder of the server's socket, which its owner alone may enter.

    It is the data folder, unless its name is too long; then one of its own, which a later start uses again.
    """
    if is_fit_for_a_socket(folder):
        return folder
    noted = folder / "perennial.sockets"
    if noted.exists() and is_private(path := Path(noted.read_text().strip()), user):
        return path
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - mkdtemp makes a private one in it
        if is_fit_for_a_socket(parent / "perennial-12345678") and may_pass(parent.stat(), user):
            made = Path(tempfile.mkdtemp(prefix="perennial-", dir=parent))
            if os.geteuid() == 0:
                os.chown(made, user.pw_uid, user.pw_gid)
            write(noted, str(made), user)
            return made
    raise EmbeddedServerCannotRun(folder, "no folder with a short enough name for its socket. Set TMPDIR to one.")


def is_fit_for_a_socket(folder: Path) -> bool:
    path = str(folder / SOCKET)
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and not UNSAFE_IN_A_SOCKET_PATH & set(path)


def is_private(folder: Path, user: Account) -> bool:
    """Return whether it is a real folder that belongs to the server's user and is closed to others."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return (status.st_mode, status.st_uid) == (0o040700, user.pw_uid)


def forget_socket_folder(folder: Path) -> None:
    """Removes the socket folder of a server that has ended; another one is made for the next."""
    noted = folder / "perennial.sockets"
    try:
        Path(noted.read_text().strip()).rmdir()
        noted.unlink()
    except OSError:
        return  # there is none, or something else is in it


def write_settings(folder: Path, settings: Mapping[str, str], user: Account) -> bool:
    """Puts our settings into a file of their own; says whether the server must start again to read them."""
    wanted = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    changed, main = write(folder / "perennial.conf", wanted, user), folder / "postgresql.conf"
    if "include 'perennial.conf'" not in main.read_text():
        with main.open("a") as file:
            file.write("\ninclude 'perennial.conf'\n")
    return changed


def ensure_database(connection: psycopg.Connection) -> None:
    row = connection.execute("select from pg_database where datname = %s", (DATABASE,)).fetchone()
    if row is None:
        make_database(connection, DATABASE)


def renew_database(conninfo: str) -> None:
    """Carries a database of another locale over; one that cannot be stays in use."""
    try:
        carry_over(conninfo, DATABASE)
    except DatabaseCannotBeCarriedOver as error:
        LOGGER.warning("%s", error)
