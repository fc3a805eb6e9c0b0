"""Whatever a superuser of PostgreSQL does to the log is caught; docs/proof.md has the table of who catches what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.log.event_log import EventLog
from adapters.postgres.proof import tree_rows
from adapters.postgres.proof.log_verification import FINDINGS, Held, Verified, verify_log
from adapters.postgres.proof.sequencer import Sequencer
from adapters.postgres.proof.tree_rows import Proofs, origin_of, publish, write_leaves
from adapters.postgres.proof.tree_rows import TreeIsTorn as Torn
from adapters.proof.leaf import leaf_bytes
from adapters.proof.note import Checkpoint, SigningKey, read_signing_key, read_verifier_key
from adapters.proof.signer import FORK, KEY, ForkFound
from adapters.proof.tree import EMPTY_ROOT, TiledTree, leaf_hash, root_of
from tests.adapters.proof.conftest import Append

Superuser = psycopg.Connection
ANA, BEN, LATE = UUID(int=1, version=4), UUID(int=2, version=4), UUID(int=3, version=4)
DOCUMENT = Path(__file__).parents[3] / "docs" / "proof.md"
TABLES = {
    "event": "position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, recorded_at, actor,"
    " causation_id, correlation_id, clear, people, state",
    "leaf": "*",
    "tile": "*",
    "checkpoint": "*",
    "verifier_key": "*",
}
EVENTS, GAP = 40, 21
"""Positions 1 to 20 and 25 to 44 have events: those between were reserved and never used."""


def run(*statements: str) -> Callable[[Superuser], None]:
    def act(superuser: Superuser) -> None:
        for statement in statements:
            superuser.execute(statement.encode())

    return act


def keep_a_copy(superuser: Superuser) -> None:
    for table, columns in TABLES.items():
        superuser.execute(f"create table kept_{table} as select {columns} from {table}".encode())


def put_the_copy_back(superuser: Superuser) -> None:
    for table, columns in TABLES.items():
        into = "" if columns == "*" else f"({columns})"
        superuser.execute(f"truncate {table}".encode())
        superuser.execute(f"insert into {table} {into} select * from kept_{table}".encode())
    superuser.execute("select setval('event_position', (select max(position) from event))")


def rebuild_the_tree(superuser: Superuser) -> int:
    """Leaves and tiles as if the events had always been as they are; the number of leaves."""
    run("truncate leaf", "truncate tile")(superuser)
    edge, origin = tree_rows.Edge(TiledTree(), 0), origin_of(superuser)
    rows = list(tree_rows.next_rows(superuser, edge, 2**62, 10_000))
    tiles = edge.tree.append(b"".join(leaf_hash(leaf_bytes(row, origin)) for row in rows))
    write_leaves(superuser, 0, [row.position for row in rows], tiles)
    return len(rows)


def rewrite_the_tail(superuser: Superuser) -> None:
    run("update event set actor = 'user:eve' where position > 30")(superuser)
    rebuild_the_tree(superuser)
    run("delete from checkpoint where size > 25")(superuser)


def rewrite_the_tail_and_sign_it(superuser: Superuser) -> None:
    run("update event set actor = 'user:eve' where position > 30")(superuser)
    size, hashes = rebuild_the_tree(superuser), tree_rows.hashes_in(superuser)
    run("truncate checkpoint", "truncate verifier_key")(superuser)
    key = SigningKey.generate(origin_of(superuser))
    for signed in (10, 25, size):
        note = key.sign(Checkpoint(key.name, signed, root_of(signed, hashes)).text)
        publish(superuser, signed, note, str(key.verifier))


def put_the_copy_back_and_grow(superuser: Superuser) -> None:
    """The past is put back, and the log goes on as if the rest had never been; nothing of it is signed."""
    put_the_copy_back(superuser)
    run(
        """insert into event (position, stream_id, stream_version, event_id, type, clear, people, state)
           select 31 + n, gen_random_uuid(), 1, gen_random_uuid(), 'candidate-sourced.v1', '{}', '{}', '[]'
           from generate_series(1, 20) n"""
    )(superuser)
    rebuild_the_tree(superuser)


SWAP_STATES = """
    update event set state = other.state from (select * from event where position in (5, 30)) other
    where event.position in (5, 30) and other.position <> event.position
"""


@dataclass(frozen=True)
class Drill:
    """What is done, and who catches it: `inside` names the findings with the database and the key alone."""

    name: str
    act: Callable[[Superuser], None]
    inside: frozenset[str]
    held: bool
    signer: bool


def drill(name: str, act: Callable[[Superuser], None], *inside: str, held: bool, signer: bool) -> Drill:
    return Drill(name, act, frozenset(inside), held, signer)


DRILLS = [
    drill(
        "a bit flipped in the clear data",
        run("update event set clear = jsonb_set(clear, '{kind}', '\"call-answeree\"') where position = 5"),
        "event-differs", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "a bit flipped in a ciphertext",
        run("update event set state = set_bit(state, 8 * position('\"ciphertext\":\"'::bytea in state) + 130, "
            "1 - get_bit(state, 8 * position('\"ciphertext\":\"'::bytea in state) + 130)) where position = 5"),
        "event-differs", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "backdated",
        run("update event set recorded_at = recorded_at - interval '1 day' where position = 30"),
        "event-differs", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "stated by another actor",
        run("update event set actor = 'user:eve' where position = 30"),
        "event-differs", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "an event deleted",
        run("delete from event where position = 5"),
        "event-is-missing", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "an event and its leaf deleted",
        run("delete from event where position = 5", "delete from leaf where position = 5"),
        "leaf-is-out-of-place", "event-differs", "tile-is-too-many", "checkpoint-differs", "checkpoint-lies-ahead",
        held=True, signer=False,
    ),
    drill(
        "an event put in",
        run(f"""insert into event (position, stream_id, stream_version, event_id, type, people, state) values
                ({GAP}, gen_random_uuid(), 1, gen_random_uuid(), 'candidate-sourced.v1', '{{}}', '[]')"""),
        "leaf-is-missing", held=False, signer=False,
    ),
    drill(
        "two events swapped in order",
        run("update event set position = -1 where position = 5", "update event set position = 5 where position = 30",
            "update event set position = 30 where position = -1"),
        "event-differs", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "two leaf indexes swapped",
        run("update leaf set leaf_index = -1 where leaf_index = 4",
            "update leaf set leaf_index = 4 where leaf_index = 25",
            "update leaf set leaf_index = 25 where leaf_index = -1"),
        "leaf-is-out-of-place", held=False, signer=False,
    ),
    drill(
        "two people's rows swapped",
        run("update event set stream_version = -1 where position = 5",
            f"update event set stream_id = '{ANA}', stream_version = 5, people = '{{{ANA}}}' where position = 30",
            f"update event set stream_id = '{BEN}', stream_version = 11, people = '{{{BEN}}}' where position = 5"),
        "event-differs", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "two people's sealed data swapped",
        run(SWAP_STATES),
        "event-differs", "checkpoint-differs", held=True, signer=False,
    ),
    drill(
        "a generated column that says something else than the clear data",
        run("alter table event alter column kind drop expression",
            "update event set kind = 'email-sent' where position = 5"),
        "columns-disagree", held=False, signer=False,
    ),
    drill(
        "a tile altered",
        run("update tile set data = set_bit(data, 9, 1 - get_bit(data, 9))"),
        "event-differs", held=False, signer=True,
    ),
    drill(
        "a checkpoint altered",
        run("update checkpoint set note = replace(note, E'\\n25\\n', E'\\n26\\n') where size = 25"),
        "checkpoint-is-not-ours", held=False, signer=False,
    ),
    drill(
        "the tail rewritten with leaves and tiles, signed with another key",
        rewrite_the_tail_and_sign_it,
        "checkpoint-is-not-ours", "key-is-another", held=True, signer=True,
    ),
    drill(
        "the tail rewritten with leaves and tiles, its checkpoints deleted: our own signer is to sign it",
        rewrite_the_tail, held=True, signer=True,
    ),
    drill("rolled back to an old copy of every table", put_the_copy_back, held=True, signer=True),
    drill(
        "rolled back to an old copy and grown again from there, leaves and tiles too",
        put_the_copy_back_and_grow, held=True, signer=True,
    ),
    drill(
        "everything emptied",
        run(*(f"truncate {table}" for table in TABLES), "select setval('event_position', 1, false)"),
        held=True, signer=True,
    ),
]  # fmt: skip


@dataclass
class Ground:
    """A log of 40 events in three checkpoints, of which an outside reader holds the newest."""

    database: str
    superuser: Superuser
    sequencer: Sequencer
    append: Append
    held: Held

    def verify(self, **notes: str) -> Verified:
        return verify_log(self.database, Held(self.held.key, notes), lambda _: None)


@pytest.fixture
def ground(database: str, log: EventLog, superuser: Superuser, sequencer: Sequencer, append: Append) -> Ground:
    append(10, ANA)
    sequencer.catch_up()
    append(10, BEN)
    with log.recorder.datastore.pool.connection() as connection:
        connection.execute("select reserve_positions(4)")
    append(5, ANA)
    sequencer.catch_up()
    keep_a_copy(superuser)
    append(15, BEN)
    sequencer.catch_up()
    proofs = Proofs(log.recorder.datastore)
    latest = proofs.latest()
    assert latest is not None
    assert latest.size == EVENTS
    held = Held(read_verifier_key(proofs.verifier_key() or ""), {"held": latest.note})
    return Ground(database, superuser, sequencer, append, held)


def test_nothing_is_found_where_nothing_was_done(ground: Ground) -> None:
    verified = ground.verify(**ground.held.notes)
    assert (verified.leaves, verified.waiting, verified.checkpoints, verified.findings) == (EVENTS, 0, 4, [])
    ground.append(3, LATE)
    assert ground.verify().waiting == 3


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_each_check_catches_what_it_should(ground: Ground, drill: Drill) -> None:
    drill.act(ground.superuser)
    inside = ground.verify().findings
    assert {finding.kind for finding in inside} == drill.inside
    outside = [finding for finding in ground.verify(**ground.held.notes).findings if finding.where == "held"]
    assert bool(outside) == drill.held
    ground.append(1, LATE)
    assert signs(ground.sequencer) != drill.signer
    assert drill.inside or (drill.held and drill.signer)


def signs(sequencer: Sequencer) -> bool:
    try:
        sequencer.catch_up()
    except (ForkFound, Torn):
        return False
    return True


def test_what_the_signer_refused_leaves_evidence(ground: Ground, signing_folder: Path) -> None:
    rewrite_the_tail(ground.superuser)
    assert not signs(ground.sequencer)
    assert f"at {EVENTS} leaves" in (signing_folder / FORK).read_text()
    assert ground.held.notes["held"] in (signing_folder / FORK).read_text()


def test_a_finding_says_what_where_and_what_to_do(ground: Ground) -> None:
    run("update event set actor = 'user:eve' where position between 5 and 20")(ground.superuser)
    findings = [str(finding) for finding in ground.verify().findings]
    assert findings[0].startswith("position 5 (leaf 4): the event is not the one that was sequenced")
    assert findings[9].startswith("position 14 (leaf 13) (and 6 more): ")
    assert "Compare it with a backup" in findings[0]


def test_every_kind_of_finding_is_found(ground: Ground) -> None:
    seen = {kind for drill in DRILLS for kind in drill.inside}
    run("update tile set width = 39, data = substr(data, 1, 39 * 32)")(ground.superuser)
    seen |= {finding.kind for finding in ground.verify().findings}
    assert set(FINDINGS) - seen == {"tile-differs"}  # of upper levels: below, it takes many leaves


@pytest.fixture
def long_log(superuser: Superuser, sequencer: Sequencer, append: Append) -> Superuser:
    append(1)
    superuser.execute(
        """insert into event (position, stream_id, stream_version, event_id, type, clear, people, state)
           select n, gen_random_uuid(), 1, gen_random_uuid(), 'candidate-sourced.v1', '{}', '{}', '[]'
           from generate_series(2, 6000) n"""
    )
    superuser.execute("select setval('event_position', 6000)")
    sequencer.catch_up()
    return superuser


def test_upper_tiles_are_compared_too(database: str, long_log: Superuser, proofs: Proofs) -> None:
    key = read_verifier_key(proofs.verifier_key() or "")
    assert verify_log(database, Held(key, {}), lambda _: None).findings == []
    for level, index, kind in ((0, 3, "event-differs"), (0, 23, "event-differs"), (1, 0, "tile-differs")):
        flipped = "update tile set data = set_bit(data, 77, 1 - get_bit(data, 77)) where level = %s and index = %s"
        long_log.execute(flipped, (level, index))
        assert {finding.kind for finding in verify_log(database, Held(key, {}), lambda _: None).findings} == {kind}
        long_log.execute(flipped, (level, index))
    long_log.execute("insert into tile select 2, 0, width, data from tile where level = 1")
    (finding,) = verify_log(database, Held(key, {}), lambda _: None).findings
    assert (finding.kind, finding.where) == ("tile-is-too-many", "tile/2/000.p/1") or finding.where == "tile/2/000"


def test_a_checkpoint_of_nothing_hides_none_of_the_others(
    database: str, long_log: Superuser, proofs: Proofs, signing_folder: Path
) -> None:
    """We never sign one, but the holder of the key can; and the others must still be compared."""
    key = read_signing_key((signing_folder / KEY).read_text())
    roots = {0: EMPTY_ROOT, 100: root_of(100, tree_rows.hashes_in(long_log))}
    notes = {f"of {size}": key.sign(Checkpoint(key.name, size, root).text) for size, root in roots.items()}
    findings = verify_log(database, Held(key.verifier, notes), lambda _: None).findings
    assert [(finding.kind, finding.where) for finding in findings] == [("checkpoint-differs", "of 0")]


def test_several_processes_find_the_same(
    database: str, long_log: Superuser, proofs: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.proof.log_verification.WORTH_A_PROCESS", 1)
    long_log.execute("update event set actor = 'user:eve' where position in (3, 5500)")
    key = read_verifier_key(proofs.verifier_key() or "")
    progress: list[int] = []
    several = verify_log(database, Held(key, {}), progress.append, processes=2)
    alone = verify_log(database, Held(key, {}), lambda _: None, processes=1)
    assert several == alone
    assert [f.where for f in several.findings if f.kind == "event-differs"] == [
        "position 3 (leaf 2)", "position 5500 (leaf 5499)",
    ]  # fmt: skip
    assert progress == [5120, 6000]


def table() -> str:
    """Who catches what, as docs/proof.md has it."""
    heads = ("what a superuser did", "`verify --log`, the database and the key alone",
             "the same with a newer checkpoint held outside", "the signer, at its next checkpoint")  # fmt: skip
    lines = [heads, ("---",) * 4]
    for drill in DRILLS:
        inside = ", ".join(sorted(drill.inside)) if drill.inside else "—"
        lines.append((drill.name, inside, yes(drill.held or bool(drill.inside)), yes(drill.signer)))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def yes(caught: bool) -> str:
    return "caught" if caught else "—"


def test_the_page_says_who_catches_what() -> None:
    assert table() in DOCUMENT.read_text(), f"docs/proof.md needs this table:\n{table()}"
