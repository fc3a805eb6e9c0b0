"""Whether a database knows the letters of every script, so that slips in names are forgiven; an embedded one does."""

from __future__ import annotations

import logging
import subprocess
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from adapters.postgres.embedded.data_folder import environment, programs

LOGGER = logging.getLogger(__name__)
MAKE = sql.SQL(
    "create database {} template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8'"
    " lc_collate 'C' lc_ctype 'C.UTF-8'"
)
"""An embedded database: its case folding and its order do not depend on the host."""
IS_OURS = "select datlocprovider = 'b' and datlocale = 'C.UTF-8' from pg_database where datname = %s"
FOLDS = """
select lower('ŁЖΩ') = 'łжω' and 'жω' ~* '^ЖΩ$' and cardinality(public.show_trgm('жω')) > 0 as folds,
       current_database() as database, datctype as ctype
from pg_database where datname = current_database()
"""


class DatabaseCannotBeCarriedOver(Exception):
    """The database was not carried over to the locale C.UTF-8 ({why}). It is used as it was."""

    def __init__(self, why: str) -> None:
        super().__init__((self.__doc__ or "").format(why=why))


def folding_complaint(connection: psycopg.Connection[Any]) -> str | None:
    """Return a message for the operator if the database does not know Cyrillic and Greek letters, else None."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(FOLDS.encode()).fetchone()
    if row is None or row["folds"]:
        return None
    return (
        f"the database {row['database']} (character type {row['ctype']}) does not know Cyrillic and Greek letters:"
        " such names are not found when they are typed with a slip. Dump it, make it anew with template template0"
        " encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' lc_ctype 'C.UTF-8', and restore the dump"
    )


def make_database(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(MAKE.format(sql.Identifier(name)))


def carry_over(conninfo: str, database: str) -> bool:
    """Copies an embedded database of another locale into one of ours and swaps their names. Returns whether it did.

    Killed at any point the old database is whole; the next start begins anew. Nothing else may be connected to it.
    Errors: DatabaseCannotBeCarriedOver.
    """
    carried, former = f"{database}_carried", f"{database}_former"
    with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as connection:
        drop(connection, former)
        if connection.execute(IS_OURS, (database,)).fetchone() in ((True,), None):
            return False
        LOGGER.warning("carrying the database %s over to the locale C.UTF-8; this happens once", database)
        try:
            drop(connection, carried)
            make_database(connection, carried)
            copy(make_conninfo(conninfo, dbname=database), make_conninfo(conninfo, dbname=carried))
            swap(connection, database, carried, former)
        except (psycopg.Error, OSError) as error:
            raise DatabaseCannotBeCarriedOver(str(error)) from error
        drop(connection, former)
    return True


def drop(connection: psycopg.Connection[Any], database: str) -> None:
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))


def copy(source: str, target: str) -> None:
    """Pipes a dump of one database into another, and counts its statistics anew. Errors: OSError."""
    dump = [str(programs() / "pg_dump"), "--format=custom", "--compress=none", source]
    restore = [str(programs() / "pg_restore"), "--exit-on-error", f"--dbname={target}"]
    with (
        subprocess.Popen(dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as dumping,  # noqa: S603 - the wheel's own program
        subprocess.Popen(restore, stdin=dumping.stdout, stderr=subprocess.PIPE, env=environment()) as restoring,  # noqa: S603 - as above
    ):
        if dumping.stdout is not None:
            dumping.stdout.close()  # so that the dump ends where the restore does
        output = restoring.communicate()[1] + (dumping.stderr.read() if dumping.stderr is not None else b"")
    if dumping.returncode or restoring.returncode:
        raise OSError(output.decode(errors="replace").strip())
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("analyze")


def swap(connection: psycopg.Connection[Any], database: str, carried: str, former: str) -> None:
    rename = sql.SQL("alter database {} rename to {}")
    with connection.transaction():
        connection.execute(rename.format(sql.Identifier(database), sql.Identifier(former)))
        connection.execute(rename.format(sql.Identifier(carried), sql.Identifier(database)))
