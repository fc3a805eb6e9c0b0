"""No secret and no person's address gets into a log: not in a message, not in an error's traceback."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import BaseModel, SecretStr

from adapters.access.keys import PREFIX, WRITTEN
from adapters.runtime.redaction import GONE, Redaction, guard_logs, redacted, secrets_of
from adapters.settings import Settings

SECRETS = ("webhook-secret-17", "webhook-secret-17-the-second")
LINES = {
    "a URL": ("cannot reach postgresql://ines:pa:ss@w/rd@db.internal:5432/x", "pa:ss@w/rd", "db.internal:5432"),
    "half a URL": ('missing "=" after "postgresql//ines:hush@db/x"', "hush", "@db/x"),
    "a DSN": ("host=db.internal password='hush now' user=ines", "hush now", "user=ines"),
    "a DSN's plain password": ("password=hush user=ines", "hush", "user=ines"),
    "JSON": ('{"client_secret": "hush-hush", "kind": "x"}', "hush-hush", '"kind": "x"'),
    "an environment": ('PERENNIAL_INBOUND_SECRETS={"a":["aa1","bb2"]} PERENNIAL_PORT=84', "bb2", "PERENNIAL_PORT=84"),
    "a list": ('PERENNIAL_SECRETS=["aa1","bb2"] PERENNIAL_PORT=8400', "bb2", "PERENNIAL_PORT=8400"),
    "bearer": ("GET /v1 Bearer abc.def-ghi_123= ended", "abc.def-ghi_123", "ended"),
    "basic": ("shown: Basic dXNlcjpwbmw= at", "dXNlcjpwbmw", "at"),
    "a header": ("Authorization: Digest username=ines, response=6629\nnext line", "6629", "next line"),
    "a raw header": ("headers: [(b'authorization', b'Token 77'), (b'host', b'x')]", "Token 77", "(b'host', b'x')"),
    "a token": ("the token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl was", "eyJzdWIiOi", "was"),
    "an address": ("no record at Zoe.O'Hara+jobs@mail.example.org is known", "O'Hara", "is known"),
    "PostgreSQL's detail": ("null\nDETAIL:  Failing row contains (Zoe Sahin, 7).\nHINT: none", "Zoe", "HINT: none"),
    "PostgreSQL's detail of several lines": (
        "null\nDETAIL:  Failing row contains (by\n\nZoe, 7).\nHINT: none", "Zoe", "HINT: none",
    ),
    "PostgreSQL's message": ('invalid input syntax for type uuid: "Zoe "the" Sahin" at 7', "Sahin", "type uuid"),
    "a DSN's password with a quote": (r"password='it\'s hush' user=ines", "hush", "user=ines"),
    "pydantic's input": ("1 error\n  Wrong [type=x, input_value='Zoe', input_type=str]", "Zoe", "input_type=str"),
    "a secret of the settings": ("signed with webhook-secret-17-the-second!", "the-second", "signed with"),
}  # fmt: skip


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes."""
    written, root = io.StringIO(), logging.getLogger()
    before, hook = root.handlers[:], threading.excepthook
    root.handlers[:] = [logging.StreamHandler(written)]
    guard_logs(SECRETS)
    yield written
    root.handlers[:] = before
    threading.excepthook = hook


@pytest.mark.parametrize("what", LINES)
def test_what_is_secret_is_taken_out_and_the_rest_stays(what: str, logged: io.StringIO) -> None:
    line, secret, rest = LINES[what]
    logging.getLogger("some.module").warning("it was %s", line)
    output = logged.getvalue()
    assert secret not in output
    assert GONE in output
    assert rest in output


def test_a_key_that_was_made_is_not_told(logged: io.StringIO) -> None:
    key = f"{PREFIX}{'3f' * 6}_{'58' * 32}"
    assert WRITTEN.fullmatch(key)
    logging.getLogger("some.module").error("%s and {'X-Key': '%s'}", key, key)
    assert logged.getvalue() == f"{GONE} and {{'X-Key': '{GONE}'}}\n"


@pytest.mark.parametrize("what", LINES)
def test_neither_is_it_in_a_traceback(what: str, logged: io.StringIO) -> None:
    line, secret, _ = LINES[what]
    try:
        try:
            raise ValueError(line)
        except ValueError as error:
            raise psycopg.OperationalError("the outer one") from error
    except psycopg.OperationalError:
        logging.getLogger("some.module").exception("it failed")
    output = logged.getvalue()
    assert secret not in output
    assert "Traceback" in output
    assert "the outer one" in output
    assert Path(__file__).name in output


def test_what_ends_a_thread_is_logged_without_it(logged: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError("postgresql://ines:hush@db/x")

    thread = threading.Thread(target=fail, name="projector")
    thread.start()
    thread.join()
    output = logged.getvalue()
    assert "projector ended" in output
    assert "Traceback" in output
    assert "hush" not in output


def test_arguments_that_do_not_fit_do_not_bring_it_out(logged: io.StringIO) -> None:
    logging.getLogger("x").warning("two of them: %s %s", "password=hush")
    assert "hush" not in logged.getvalue()
    assert "two of them" in logged.getvalue()


def test_every_handler_of_the_root_is_guarded_and_loses_no_record() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "plain words", (), None)
    assert Redaction().filter(record)
    assert record.getMessage() == "plain words"


@pytest.mark.parametrize(
    "url", ["postgresql://ines:hush-9@db/x", "host=db password=hush-9", "host=db password='hush-9' user=ines"]
)
def test_the_settings_know_their_secrets(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("PERENNIAL_INBOUND_SECRETS", '{"greenhouse": ["first-one", "second-one"]}')
    assert set(secrets_of(Settings())) == {"hush-9", "first-one", "second-one"}


def test_what_is_no_secret_is_left_as_it_is() -> None:
    class Plain(BaseModel):
        name: str = "at 12:30 see http://127.0.0.1:8400/docs"
        secret: SecretStr = SecretStr("x")

    text = "import 0198f3a0-7c1e-7000-8000-00000000a001 waits; pipeline_v1 parks the stream of position 7: TypeError"
    assert redacted(text) == text
    assert redacted(Plain().name) == Plain().name
    assert secrets_of(Plain()) == ["x"]
