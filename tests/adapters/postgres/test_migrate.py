"""What older releases have stored is read after the migrations as it was before them."""

from __future__ import annotations

import psycopg

from adapters.postgres.migrate import migrations

AS_OLDER_RELEASES_HAD_IT = "alter table idempotency add column status integer not null default 409"
KEPT_ANSWERS = """
    insert into idempotency (key, request_hash, status, response, position, expires_at) values
        ('made', '\\x00', 201, '{"stream": "a", "version": 2}', 7, now() + interval '1 day'),
        ('erased', '', 409, '{"erased": "b"}', 8, now() + interval '1 day')
"""


def test_a_kept_answer_has_its_status_after_the_migration(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(AS_OLDER_RELEASES_HAD_IT)
        connection.execute(KEPT_ANSWERS.encode())
        connection.execute(dict(migrations())["0026_answers.sql"].encode())
        kept = connection.execute("select key, response from idempotency order by key").fetchall()
    assert kept == [
        ("erased", {"erased": "b"}),
        ("made", {"stream": "a", "version": 2, "status": 201}),
    ]
