"""The embedded server: never mistaken for another process, open to its owner alone, started again when it ends."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.embedded import server as embedded
from adapters.postgres.embedded.data_folder import EmbeddedServerCannotRun, programs
from adapters.postgres.embedded.postmaster import PID_FILE, is_alive, postmaster_of, processes_of, read_pid_file
from adapters.postgres.embedded.server import condition, embedded_server

SMALL = {**embedded.SETTINGS, "shared_buffers": "16MB", "fsync": "off"}
PATIENCE = 120.0
OTHER_USER = "nobody"


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.05)


def answers(conninfo: str) -> bool:
    try:
        with psycopg.connect(conninfo, connect_timeout=5) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


@pytest.fixture(scope="module")
def pattern() -> Iterator[Path]:
    above = Path(tempfile.mkdtemp(prefix="perennial-tests-"))
    with embedded_server(above / "postgres", SMALL):
        pass
    yield above / "postgres"
    shutil.rmtree(above)


@pytest.fixture
def folder(pattern: Path, open_path: Path) -> Path:
    """A data folder whose server has run and ended."""
    subprocess.run(["cp", "-a", pattern, open_path / "postgres"], check=True)
    assert postmaster_of(open_path / "postgres") is None
    return open_path / "postgres"


@pytest.fixture(params=["the server's user", "this user"])
def stranger(request: pytest.FixtureRequest, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with the server, of the same user or not."""
    user = folder.stat().st_uid if request.param == "the server's user" and os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "600"], user=user) as process:
        yield process
        assert process.poll() is None, "a foreign process was killed"
        process.kill()


def stale(folder: Path, pid: int) -> str:
    return f"{pid}\n{folder}\n1700000000\n5432\n{folder}\n\n  1234567         0\nready   \n"


def test_a_stale_pid_of_a_foreign_process_is_never_signalled(folder: Path, stranger: subprocess.Popen[bytes]) -> None:
    (folder / PID_FILE).write_text(stale(folder, stranger.pid))
    (folder / ".s.PGSQL.5432.lock").write_text(stale(folder, stranger.pid))
    assert condition(folder) == "not running"
    with embedded_server(folder, SMALL) as conninfo:
        assert answers(conninfo)
        assert postmaster_of(folder) is not None
    assert stranger.poll() is None


def test_a_pid_file_that_becomes_stale_in_use_ends_no_process(folder: Path, stranger: subprocess.Popen[bytes]) -> None:
    with embedded_server(folder, SMALL) as conninfo:
        assert answers(conninfo)
        (folder / PID_FILE).write_text(stale(folder, stranger.pid))
        assert postmaster_of(folder) is not None
    assert stranger.poll() is None
    assert processes_of(folder) == []


def test_the_server_of_another_folder_is_not_ours(folder: Path, open_path: Path) -> None:
    other = open_path / "other"
    with embedded_server(other, SMALL) as conninfo:
        running = postmaster_of(other)
        assert running is not None
        (folder / PID_FILE).write_text(stale(folder, running.pid))
        with embedded_server(folder, SMALL) as own:
            assert answers(own)
        assert answers(conninfo)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"no number",
        b"0\n",
        b"-1\n",
        b"1\n",
        b"99999999999999999999\n/x\n",
        b"12",
        b"\xff\x00\xfe",
        b"1\n" * 8,
    ],
)
def test_an_empty_or_broken_pid_file_keeps_nothing_from_starting(folder: Path, content: bytes) -> None:
    (folder / PID_FILE).write_bytes(content)
    (folder / ".s.PGSQL.5432.lock").write_bytes(content)
    (folder / ".handle_pids.json").write_bytes(content)  # an older version listed its users here
    with embedded_server(folder, SMALL) as conninfo:
        assert answers(conninfo)
    assert processes_of(folder) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(open_path: Path) -> None:
    (open_path / "file").write_text("")
    made = subprocess.run(
        [sys.executable, "-m", "adapters.cli.main", "migrate"],
        env={**os.environ, "PERENNIAL_DATA_FOLDER": str(open_path / "file" / "data")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 1
    assert "Traceback" not in made.stderr


def test_a_read_only_file_system_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system", str(folder))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(EmbeddedServerCannotRun, match="Read-only file system"), embedded_server(folder, SMALL):
        pass


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    (folder / "PG_VERSION").write_text("9.1\n")
    with pytest.raises(EmbeddedServerCannotRun, match="incompatible"), embedded_server(folder, SMALL):
        pass
    assert processes_of(folder) == []


def test_an_initdb_that_was_killed_is_begun_anew(open_path: Path) -> None:
    (open_path / ".postgres.new").mkdir()
    (open_path / ".postgres.new" / "PG_VERSION").write_text("18\n")
    (open_path / "postgres").mkdir()
    with embedded_server(open_path / "postgres", SMALL) as conninfo:
        assert answers(conninfo)


def test_a_server_that_takes_long_to_answer_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "REFUSES_FOR", 0.3)
    monkeypatch.setattr(embedded, "CONNECTS_WITHIN", 2)
    joined = threading.Event()

    def join() -> None:
        with embedded_server(folder, SMALL):
            joined.set()

    with embedded_server(folder, SMALL):
        process = postmaster_of(folder)
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        until(lambda: condition(folder) == "stopped")
        thread = threading.Thread(target=join)
        thread.start()
        assert not joined.wait(4)
        process.send_signal(signal.SIGCONT)
        thread.join()
    assert joined.is_set()


LONG = "x" * 120


@pytest.mark.parametrize("name", ["postgres", LONG, "with, a comma", "with 'quotes\" and $signs"])
def test_no_other_local_user_can_connect(open_path: Path, name: str) -> None:
    with embedded_server(open_path / name, SMALL) as conninfo:
        assert answers(conninfo)
        sockets = Path(str(conninfo_to_dict(conninfo)["host"]))
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert sockets.stat().st_uid == (open_path / name).stat().st_uid
        assert (sockets / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700
        if os.geteuid() == 0:
            sockets.chmod(0o777)  # even where it was opened: the server authenticates connections
            (sockets / ".s.PGSQL.5432").chmod(0o777)
            tried = connected_as(OTHER_USER, conninfo)
            assert tried.returncode != 0
            assert "eer authentication failed" in tried.stderr
            sockets.chmod(0o700)
            assert "Permission denied" in connected_as(OTHER_USER, conninfo).stderr
    assert not sockets.exists() or sockets == open_path / name


def connected_as(user: str, conninfo: str) -> subprocess.CompletedProcess[str]:
    account = pwd.getpwnam(user)
    return subprocess.run(
        [str(programs() / "psql"), "-X", "-c", "select 1", conninfo],
        user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/",
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_older_folder_that_trusts_everybody_is_changed_over(folder: Path) -> None:
    (folder / "pg_hba.conf").write_text("local all all trust\n")
    folder.chmod(0o750)
    with embedded_server(folder, SMALL):
        assert "trust" not in (folder / "pg_hba.conf").read_text()
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_running_server_that_trusts_everybody_is_changed_over_when_joined(folder: Path) -> None:
    with embedded_server(folder, SMALL) as conninfo:
        (folder / "pg_hba.conf").write_text("local all all trust\n")
        os.chown(folder / "pg_hba.conf", folder.stat().st_uid, folder.stat().st_gid)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("select pg_reload_conf()")
            with embedded_server(folder, SMALL):
                rules = "select auth_method from pg_hba_file_rules"
                assert set(connection.execute(rules).fetchall()) == {("peer",)}


def test_a_socket_folder_that_another_user_made_is_not_used(open_path: Path) -> None:
    with embedded_server(open_path / LONG, SMALL):
        pass
    elsewhere = open_path / "theirs"
    elsewhere.mkdir(mode=0o777)
    (open_path / LONG / "perennial.sockets").write_text(str(elsewhere))
    with embedded_server(open_path / LONG, SMALL) as conninfo:
        assert str(elsewhere) not in conninfo


def kill_main(folder: Path) -> None:
    process = postmaster_of(folder)
    assert process is not None
    process.kill()
    until(lambda: not is_alive(process))


def kill_all(folder: Path) -> None:
    for process in processes_of(folder):
        if is_alive(process):
            process.kill()


@pytest.mark.parametrize("kill", [kill_main, kill_all])
@pytest.mark.parametrize("name", ["postgres", LONG])
def test_a_server_that_was_killed_is_started_again(open_path: Path, kill: Callable[[Path], None], name: str) -> None:
    with embedded_server(open_path / name, SMALL) as conninfo:
        for number in range(2):
            before = postmaster_of(open_path / name)
            kill(open_path / name)
            until(lambda: answers(conninfo) and postmaster_of(open_path / name) != before)  # noqa: B023 - called in this round alone
            with psycopg.connect(conninfo) as connection:
                connection.execute(f"create table kept_{number} ()")
    assert processes_of(open_path / name) == []


def test_a_server_that_cannot_be_started_again_is_tried_until_it_can(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with embedded_server(folder, SMALL) as conninfo:
        control = folder / "global" / "pg_control"
        kill_all(folder)
        control.rename(control.with_name("away"))
        until(lambda: "Trying again" in caplog.text)
        control.with_name("away").rename(control)
        until(lambda: answers(conninfo))


def test_the_server_stops_with_its_last_user_alone(folder: Path) -> None:
    with embedded_server(folder, SMALL) as conninfo:
        with embedded_server(folder, SMALL):
            pass
        assert answers(conninfo)
    assert processes_of(folder) == []


USES = """
import sys, time
from pathlib import Path
from adapters.postgres.embedded.server import embedded_server
with embedded_server(Path(sys.argv[1])) as conninfo:
    print(conninfo, flush=True)
    time.sleep(600)
"""


def test_a_user_that_was_killed_is_no_user(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", USES, str(folder)], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.readline()
        user.kill()
    assert postmaster_of(folder) is not None  # it outlives its user, and the next one joins it
    with embedded_server(folder):
        assert read_pid_file(folder) is not None
    assert processes_of(folder) == []


def test_a_dead_process_is_not_alive() -> None:
    with subprocess.Popen(["sleep", "0"]) as ended:
        process = psutil.Process(ended.pid)
        until(lambda: not is_alive(process))
