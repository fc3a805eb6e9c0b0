"""The processes of an embedded PostgreSQL: recognised by the data folder they work in, never by a number in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from adapters.postgres.embedded.data_folder import Account, as_user, environment, programs

PID_FILE = "postmaster.pid"
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a server wrote about itself: its pid, the folder of its socket, and its state ('' while it starts)."""

    pid: int
    sockets: Path
    state: str


def read_pid_file(folder: Path) -> PidFile | None:
    """Return the data folder's pid file; None if it is missing, empty, cut off or broken."""
    try:
        lines = [line.strip() for line in (folder / PID_FILE).read_text(errors="replace").splitlines()]
        return PidFile(int(lines[0]), Path(lines[4]), lines[7] if len(lines) > 7 else "")
    except (OSError, ValueError, IndexError):
        return None


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return every living process of the folder's server: its program is postgres, and it works in this very folder."""
    return [process for process in psutil.process_iter() if is_of(process, folder)]


def is_of(process: psutil.Process, folder: Path) -> bool:
    """Return whether the process is one of the folder's server, whatever number the pid file holds."""
    try:
        return bool(process.name() == "postgres") and os.path.samefile(process.cwd(), folder) and is_alive(process)
    except (psutil.Error, OSError):  # it has ended, or belongs to another user and so not to this folder
        return False


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def is_stopped(process: psutil.Process) -> bool:
    """Return whether the process was stopped by a signal (SIGSTOP): it lives and does nothing."""
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def postmaster_of(folder: Path) -> psutil.Process | None:
    """Return the main process of the folder's server, even if its pid file is stale or broken; None if none runs."""
    return named_postmaster(folder) or next((process for process in processes_of(folder) if is_main(process)), None)


def named_postmaster(folder: Path) -> psutil.Process | None:
    """Return the process that the pid file names, if it is the main process of the folder's server."""
    named = read_pid_file(folder)
    if named is None:
        return None
    try:
        process = psutil.Process(named.pid)
    except (psutil.Error, ValueError, OverflowError):
        return None
    return process if is_of(process, folder) and is_main(process) else None


def is_main(process: psutil.Process) -> bool:
    """Return whether it is a server's main process: the others show their activity instead of arguments."""
    try:
        return "-D" in process.cmdline()
    except psutil.Error:
        return False


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Signals that very process: not another one that has got its number meanwhile."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def forget_stale_files(folder: Path, sockets: Path) -> None:
    """Removes files that would keep the server from starting: empty or broken ones, and those with a foreign pid.

    Call it only while no process of the folder's server lives. An unused pid is left to PostgreSQL.
    """
    for path in (folder / PID_FILE, sockets / f"{SOCKET}.lock"):
        if path.exists() and not names_a_dead_process(path):
            path.unlink()


def names_a_dead_process(path: Path) -> bool:
    try:
        pid = int(path.read_text(errors="replace").split()[0])
    except (ValueError, IndexError):
        return False
    return 0 < pid < 2**31 and not bool(psutil.pid_exists(pid))


def launch(folder: Path, sockets: Path, user: Account) -> subprocess.Popen[bytes]:
    """Starts the server in a session of its own; it outlives this process. Whether it works, the caller finds out."""
    log = folder / "log"
    with log.open("ab") as output:
        if os.geteuid() == 0:
            os.chown(log, user.pw_uid, user.pw_gid)
        settings = (f"unix_socket_directories={sockets}", f"port={PORT}", "listen_addresses=")
        process = subprocess.Popen(  # noqa: S603 - the wheel's own program on our own folder
            [str(programs() / "postgres"), "-D", str(folder), *(part for each in settings for part in ("-c", each))],
            **as_user(user), cwd=folder, env=environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    threading.Thread(target=process.wait, name="postmaster-reaper", daemon=True).start()
    return process


def end_of_log(folder: Path) -> str:
    """Return the last lines that the server logged, which say why it ended."""
    try:
        lines = (folder / "log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return " ".join(line for line in lines[-4:] if line)
