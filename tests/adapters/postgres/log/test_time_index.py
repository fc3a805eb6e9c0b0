"""A database whose time index still has its first name answers for the same moments after the migration."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import tuple_row

from adapters.postgres.migrate import migrate, migrations
from tests.databases import at

RENAMED = "0024_time_index.sql"


def test_the_entries_of_before_the_migration_answer_after_it(server: str) -> None:
    name = f"before_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f"create database {name}".encode())
    with psycopg.connect(at(server, name), autocommit=True, row_factory=tuple_row) as connection:
        connection.execute("create table migration (name text primary key, applied_at timestamptz default now())")
        for migration, text in migrations():
            if migration < RENAMED:
                connection.execute(text.encode())
                connection.execute("insert into migration (name) values (%s)", (migration,))
        connection.execute("select setval('event_position', 3)")
        made = [connection.execute("select time, position from make_mark()").fetchone() for _ in range(2)]
        assert RENAMED in migrate(connection)
        assert connection.execute("select time, position from time_index order by id").fetchall() == made
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from time_index")
        (later,) = connection.execute("select time, position from make_time_index_entry()").fetchall()
        assert later >= max(entry for entry in made if entry is not None)
