"""Every event version ever stored is still read, by the mapper and by the relation that the folds take."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow, dict_row

from adapters.postgres.keys.key_file import new_key_file
from adapters.postgres.keys.sealing import Keyring
from adapters.postgres.log.batch import literal, make_batch, upcast_all, way_up
from adapters.postgres.log.mapper import SealingMapper, clear_text
from domain.catalogue import EVENTS, UPCASTS
from domain.codec import codec_of, texts_of
from domain.event import ERASED, Clear, Event, Personal, Upcast
from tests.golden import rows
from tests.golden.expected import EXPECTED, WITH_TEXTS

INSERT = """
insert into event (position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, recorded_at, actor,
                   causation_id, correlation_id, clear, people, state)
values (%(position)s, %(stream_id)s, %(stream_version)s, %(event_id)s, %(type)s, %(occurred_at)s, %(occurred_how)s,
        %(recorded_at)s, %(actor)s, %(causation_id)s, %(correlation_id)s, %(clear)s::jsonb, %(people)s::uuid[],
        %(state)s)
"""


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[DictRow]]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        connection.execute("set timezone to 'Asia/Kathmandu'")
        yield connection


def insert(connection: psycopg.Connection[DictRow], golden: dict[str, Any]) -> None:
    connection.execute(INSERT, golden | {"clear": json.dumps(golden["clear"]), "state": rows.state(golden)})


def the_batch(connection: psycopg.Connection[DictRow], position: int) -> DictRow:
    batch_rows = connection.execute("select * from batch(%s, %s)", (position - 1, position)).fetchall()
    assert len(batch_rows) == 1
    return batch_rows[0]


def test_every_event_and_every_older_name_has_a_golden_row() -> None:
    assert {event.stored_name for event in EVENTS} | {upcast.stored_name for upcast in UPCASTS} == set(rows.names())


def test_golden_rows_stand_as_they_were_written() -> None:
    assert {path.name: rows.sum_of(path) for path in rows.ROWS.iterdir()} == rows.sums()


@pytest.mark.parametrize("name", rows.names())
def test_the_mapper_reads_a_golden_row(name: str) -> None:
    golden = rows.row(name)
    recorded = rows.golden_mapper().to_domain_event(rows.stored_event(golden))
    assert recorded.event == EXPECTED[name]
    assert (recorded.stream, recorded.version) == (UUID(golden["stream_id"]), golden["stream_version"])
    assert (recorded.id, recorded.position) == (UUID(golden["event_id"]), golden["position"])
    assert recorded.recorded_at == rows.moment(golden["recorded_at"])
    assert recorded.occurred_at == rows.moment(golden["occurred_at"])
    assert (recorded.occurred_how, recorded.actor) == (golden["occurred_how"], golden["actor"])
    assert recorded.causation == rows.identifier(golden["causation_id"])
    assert recorded.correlation == rows.identifier(golden["correlation_id"])


@pytest.mark.parametrize("name", rows.names_with_texts())
def test_the_mapper_reads_the_texts_of_codes_in_a_golden_row(name: str) -> None:
    expected = WITH_TEXTS[name.removesuffix(rows.TEXTS)]
    event = rows.golden_mapper().to_domain_event(rows.stored_event(rows.row(name))).event
    assert (event, texts_of(event)) == (expected, texts_of(expected))
    assert json.loads(clear_text(codec_of(type(event)), event)) == rows.row(name)["clear"]


def test_golden_rows_have_texts_too() -> None:
    assert {f"{stored_name}{rows.TEXTS}" for stored_name in WITH_TEXTS} == set(rows.names_with_texts())
    assert all(texts_of(event) for event in WITH_TEXTS.values())


@pytest.mark.parametrize("name", [name for name in rows.names() if rows.row(name)["state"]])
def test_a_golden_row_outlives_its_keys(name: str) -> None:
    golden = rows.row(name) | {"keys": []}
    event = rows.golden_mapper().to_domain_event(rows.stored_event(golden)).event
    assert ERASED in [getattr(event, field) for field in event.__dataclass_fields__]
    assert clear_text(codec_of(type(event)), event) == clear_text(codec_of(type(event)), EXPECTED[name])


@pytest.mark.parametrize("name", [*rows.names(), *rows.names_with_texts()])
def test_golden_parts_are_sealed_as_the_format_says(name: str) -> None:
    """docs/log-format.md, done by hand: to read the files takes none of our code."""
    golden = rows.row(name)
    files = json.loads((rows.FOLDER / "keys.json").read_text())
    wrapped = {key["key_id"]: key for key in golden["keys"]}
    for part in golden["state"]:
        key = wrapped[part["key"]]
        whose = UUID(key["person"]).bytes + UUID(key["key_id"]).bytes
        data_key = opened(b64decode(files["epochs"][key["epoch"]]), b64decode(key["wrapped"]), whose)
        place = [rows.ORIGIN, golden["stream_id"], golden["stream_version"], golden["type"], part["group"]]
        sealed = b64decode(part["nonce"]) + b64decode(part["ciphertext"])
        plaintext = opened(data_key, sealed, json.dumps(place, separators=(",", ":")).encode())
        assert len(json.loads(plaintext[32:])) > 0
        assert sha256(b"perennial/pt-commit/v1" + plaintext).digest() == b64decode(part["commitment"])


def opened(key: bytes, nonce_and_ciphertext: bytes, associated_data: bytes) -> bytes:
    return AESGCM(key).decrypt(nonce_and_ciphertext[:12], nonce_and_ciphertext[12:], associated_data)


@pytest.mark.parametrize("name", rows.names())
def test_the_batch_gives_a_golden_row_in_its_newest_form(name: str, connection: psycopg.Connection[DictRow]) -> None:
    golden, newest = rows.row(name), EXPECTED[name]
    insert(connection, golden)
    stored = the_batch(connection, golden["position"])
    clear = json.loads(clear_text(codec_of(type(newest)), newest))
    assert (stored["type"], stored["clear"]) == (newest.stored_name, clear)
    assert stored["kind"] == clear.get("kind")
    assert stored["message"] == rows.identifier(clear.get("message"))
    assert stored["at"] == rows.moment(golden["occurred_at"] or golden["recorded_at"])
    assert stored["recorded_at"] == rows.moment(golden["recorded_at"])
    assert stored["occurred_at"] == rows.moment(golden["occurred_at"])
    assert [str(person) for person in stored["people"]] == golden["people"]
    assert json.loads(bytes(stored["state"])) == golden["state"]
    for column in ("stream_version", "occurred_how", "actor"):
        assert stored[column] == golden[column]
    for column in ("stream_id", "event_id", "causation_id", "correlation_id"):
        assert stored[column] == rows.identifier(golden[column])


@dataclass(frozen=True, slots=True)
class CoffeeShared(Event):
    """A test's own event, whose third version knows a kind, a message and how many cups."""

    stored_name = "coffee-shared.v3"

    kind: Clear[str]
    message: Clear[UUID | None]
    cups: Clear[int]
    gossip: Personal[str | None]


MESSAGE = "00000000-0000-4000-8000-00000000000a"
COFFEE = (
    Upcast("coffee-shared.v1", "coffee-shared.v2", rename={"sort": "kind"}, drop=("sugar",), add={"cups": 1}),
    Upcast("coffee-shared.v2", "coffee-shared.v3", rename={"thread": "message"}, add={"message": None}),
)
STORED: dict[str, dict[str, Any]] = {
    "coffee-shared.v1": {"sort": "espresso", "sugar": 2, "thread": MESSAGE},
    "coffee-shared.v2": {"kind": "filter", "cups": 3},
    "coffee-shared.v3": {"kind": "mocha", "message": MESSAGE, "cups": 0},
}
AS_NEWEST = {
    "coffee-shared.v1": CoffeeShared("espresso", UUID(MESSAGE), 1, None),
    "coffee-shared.v2": CoffeeShared("filter", None, 3, None),
    "coffee-shared.v3": CoffeeShared("mocha", UUID(MESSAGE), 0, None),
}


@pytest.mark.parametrize("name", STORED)
def test_sql_and_python_upcast_alike(name: str, connection: psycopg.Connection[DictRow]) -> None:
    golden = rows.row("opening-cancelled.v1") | {"type": name, "clear": STORED[name]}
    make_batch(connection, COFFEE)
    insert(connection, golden)
    insert(connection, rows.row("touchpoint-recorded.v1") | {"position": 42, "stream_version": 8})
    mapper = SealingMapper(rows.ORIGIN, Keyring(new_key_file()), [*EVENTS, CoffeeShared], COFFEE)
    event = mapper.to_domain_event(rows.stored_event(golden)).event
    assert event == AS_NEWEST[name]
    stored = the_batch(connection, golden["position"])
    assert (stored["type"], stored["clear"]) == (
        event.stored_name,
        json.loads(clear_text(codec_of(CoffeeShared), event)),
    )
    assert (stored["kind"], stored["message"]) == (AS_NEWEST[name].kind, AS_NEWEST[name].message)
    untouched = the_batch(connection, 42)
    assert (untouched["type"], untouched["kind"]) == ("touchpoint-recorded.v1", "email-sent")


KEYS = st.sampled_from(["a", "b", "c", "kind", "it's", "ü", 'q"'])
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | KEYS | st.lists(KEYS, max_size=2)
UPCAST = st.builds(
    Upcast,
    stored_name=st.just("x.v1"),
    becomes=st.just("x.v2"),
    rename=st.dictionaries(KEYS, KEYS, max_size=2),
    add=st.dictionaries(KEYS, VALUES, max_size=2),
    drop=st.lists(KEYS, max_size=2).map(tuple),
)


def names_stay_apart(upcast: Upcast, data: dict[str, Any]) -> bool:
    """An upcast that gives two fields one name is a mistake, and it is not promised which of the two is left."""
    kept = [upcast.rename.get(key, key) for key in data if key not in upcast.drop]
    return len(kept) == len(set(kept))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(KEYS, VALUES), chain=st.lists(UPCAST, min_size=1, max_size=3))
def test_any_chain_of_upcasts_is_the_same_in_sql(
    data: dict[str, Any], chain: list[Upcast], connection: psycopg.Connection[DictRow]
) -> None:
    stored = f"{literal(json.dumps(data))}::jsonb"
    row = connection.execute(
        f"select {stored}::text as stored, {upcast_all(chain, stored)} as newest".encode()
    ).fetchone()
    assert row is not None
    newest = json.loads(row["stored"])
    for upcast in chain:
        assume(names_stay_apart(upcast, newest))
        newest = upcast.clear(newest)
    assert row["newest"] == newest


def test_the_way_up_goes_through_every_version() -> None:
    by_name = {upcast.stored_name: upcast for upcast in COFFEE}
    assert [upcast.becomes for upcast in way_up(by_name, "coffee-shared.v1")] == [
        "coffee-shared.v2",
        "coffee-shared.v3",
    ]
