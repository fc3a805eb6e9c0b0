"""After an erasure the read models can be built anew and are the same, proofs of before still verify, imports go on."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from adapters import bootstrap
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.projector import folds
from adapters.postgres.proof.log_verification import Held, verify_log
from adapters.postgres.proof.tree_rows import Inclusion, Proofs
from adapters.proof.note import read_verifier_key
from adapters.proof.tree import leaf_hash, verify_consistency, verify_inclusion
from adapters.settings import Settings
from commands.found_community import FoundCommunity
from commands.join_community import JoinCommunity
from commands.learn_profile_fact import LearnProfileFact
from commands.make_referral import MakeReferral
from commands.merge_candidates import MergeCandidates
from commands.open_requisition import OpenRequisition
from commands.record_touchpoint import RecordTouchpoint
from commands.source_candidate import SourceCandidate
from commands.submit_application import SubmitApplication
from commands.workflows.erase_person import ErasureWorkflow
from projections.index import READ_MODELS
from tests.adapters.erasure.conftest import Ask
from tests.rows import rows_of


@pytest.fixture
def settings(key_path: Path, tmp_path: Path) -> Settings:
    return Settings(key_file=key_path, data_folder=tmp_path, zone="Europe/Berlin")


@pytest.fixture
def busy(ask: Ask, ines: UUID) -> tuple[UUID, UUID]:
    """Ines in the middle of things, in two records, and another person."""
    other, second, job, community = uuid4(), uuid4(), uuid4(), uuid4()
    ask(SourceCandidate, candidate=other, name="Otto Other", emails=("otto@example.org",))
    ask(SourceCandidate, candidate=second, name="I. Canary", phones=("+1 202 555 0199",))
    ask(LearnProfileFact, candidate=second, fact="skill", learned_from="self", value="Canary breeding")
    ask(MergeCandidates, candidate=ines, absorbed=second, evidence=("stated",))
    ask(FoundCommunity, community=community, around="skill", topic="canaries")
    ask(JoinCommunity, candidate=ines, community=community, by="self")
    ask(OpenRequisition, requisition=job, role="gardener")
    ask(SubmitApplication, application=uuid4(), candidate=ines, requisition=job)
    ask(MakeReferral, referral=uuid4(), referrer=ines, candidate=other, referrer_words="sings like a canary")
    ask(RecordTouchpoint, candidate=ines, touchpoint=uuid4(), kind="email-sent", purpose="talent_pool", note="canary")
    ask(RecordTouchpoint, candidate=other, touchpoint=uuid4(), kind="note-written", note="of Otto")
    return ines, other


def test_every_read_model_built_anew_is_as_it_is_served(
    log: EventLog, database: str, settings: Settings, erasing: ErasureWorkflow, busy: tuple[UUID, UUID]
) -> None:
    with bootstrap.projector(database) as datastore:
        runner = bootstrap.runner(datastore, settings)
        runner.catch_up()
        with psycopg.connect(database, row_factory=dict_row) as connection:
            before = str([rows_of(connection, model.schema) for model in READ_MODELS])
        assert "anary" in before
        erasing.erase(busy[0], by="self", ground="art-17", actor="user:priya")
        runner.catch_up()
        with psycopg.connect(database, row_factory=dict_row, autocommit=True) as connection:
            for model in READ_MODELS:
                live = rows_of(connection, model.schema)
                for written in ("anary", "Prado", "ines@", "555 0199", "5550199"):
                    assert written not in str(live), model.name
                bootstrap.rebuild(datastore, settings, model.name, lambda *_: None).rebuild()
                assert rows_of(connection, model.schema) == live, model.name
            assert not any(row["parked"] for row in folds.report(connection))
    (recorded, *_) = log.history(busy[1])
    assert "Otto Other" in str(recorded.event)


def test_what_was_proved_before_is_proved_after(
    log: EventLog, database: str, settings: Settings, erasing: ErasureWorkflow, busy: tuple[UUID, UUID]
) -> None:
    with bootstrap.sequencer(database, settings) as sequencer:
        sequencer.catch_up()
        proofs = Proofs(log.recorder.datastore)
        older = proofs.latest()
        assert older is not None
        event = log.history(busy[0])[0].id
        proved = proofs.inclusion(event)
        erasing.erase(busy[0], by="self", ground="art-17", actor="user:priya")
        sequencer.catch_up()
        newer = proofs.latest()
        again = proofs.inclusion(event)
    assert newer is not None
    assert isinstance(proved, Inclusion)
    assert isinstance(again, Inclusion)
    assert (again.index, again.leaf) == (proved.index, proved.leaf)
    for inclusion, checkpoint in ((proved, older.checkpoint), (again, newer.checkpoint)):
        verify_inclusion(inclusion.index, checkpoint.size, leaf_hash(inclusion.leaf), inclusion.hashes, checkpoint.root)
    proof = proofs.consistency(older.size, newer.size)
    verify_consistency(older.size, older.checkpoint.root, newer.size, newer.checkpoint.root, proof)
    key = proofs.verifier_key()
    assert key is not None
    verified = verify_log(database, Held(read_verifier_key(key), {"held": older.note}), lambda _: None, processes=1)
    assert verified.findings == []
    assert verified.leaves == newer.checkpoint.size
