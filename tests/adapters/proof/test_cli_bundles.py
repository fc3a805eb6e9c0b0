"""What an auditor types, and reads: a bundle made, verified, altered and refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from adapters.access.operators import operator
from adapters.bootstrap import VERB_OF
from adapters.cli.errors import FileCannotBeUsed
from adapters.cli.main import cli
from adapters.intake.code_spelling import code_of
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.proof.bundle_rows import BundleRows
from adapters.postgres.proof.bundling import NothingIsSignedYet
from adapters.postgres.proof.sequencer import Sequencer
from adapters.postgres.proof.tree_rows import Proofs
from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.note import SigningKey
from commands.give_consent import GiveConsent
from commands.handle import Occasion, handle
from commands.merge_candidates import MergeCandidates
from commands.record_touchpoint import RecordTouchpoint
from commands.request_send import RequestSend
from commands.source_candidate import SourceCandidate
from commands.unmerge_candidates import UnmergeCandidates
from commands.verb import Command
from domain.access import PeopleExported
from domain.candidate import CandidateDoesNotExist
from domain.errors import ExplainedError
from tests.adapters.proof.conftest import Go
from tests.adapters.proof.story import ANA, ANA_TOO, a_story, consent
from tests.adapters.proof.tamperings import Opened

Do = Callable[..., None]


@pytest.fixture
def perennial(database: str, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("PERENNIAL_KEY_FILE", str(key_path))
    monkeypatch.setenv("PERENNIAL_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    return CliRunner()


def ask(perennial: CliRunner, *words: object) -> Result:
    return perennial.invoke(cli, [str(word) for word in words])


@pytest.fixture
def do(log: EventLog) -> Do:
    """Has a command done, now."""

    def do(command: type[Command], **values: Any) -> None:
        now = datetime.now(UTC)
        handle(log, VERB_OF, Occasion(uuid4(), "user:ines", now), lambda: (command(now=now, **values),))

    return do


@pytest.fixture
def ana(do: Do) -> UUID:
    """She gave a consent, was written to because of it, and was called without one."""
    ana = uuid4()
    do(SourceCandidate, candidate=ana, source="fair", role="any", location="any", name="Ana Zoë Reis")
    do(
        GiveConsent, candidate=ana, purpose="talent_pool", channels=("email",), basis="consent", jurisdiction="pt",
        notice="pool", notice_version="3", language="pt", method="web-form", answered_by="self", evidence="form 17",
    )  # fmt: skip
    do(RequestSend, candidate=ana, touchpoint=uuid4(), kind="email-sent")
    return ana


@pytest.fixture
def ben(do: Do) -> UUID:
    ben = uuid4()
    do(SourceCandidate, candidate=ben, source="fair", role="any", location="any", name="Ben Osei")
    do(RecordTouchpoint, candidate=ben, touchpoint=uuid4(), kind="call-made", reported_by="mailer")
    return ben


def exports(log: EventLog) -> list[tuple[str, PeopleExported]]:
    with log.recorder.datastore.pool.connection() as connection:
        rows = connection.execute("select stream_id from event where type = 'people-exported.v1' order by position")
        streams = [row["stream_id"] for row in rows]
    history = [recorded for stream in streams for recorded in log.history(stream)]
    return [(recorded.actor, recorded.event) for recorded in history if isinstance(recorded.event, PeopleExported)]


def test_a_trail_is_taken_away_and_read(
    perennial: CliRunner, ana: UUID, ben: UUID, sequencer: Sequencer, tmp_path: Path, log: EventLog
) -> None:
    sequencer.catch_up()
    file = tmp_path / "ana.json"
    made = ask(perennial, "audit-bundle", "--candidate", ana, "--out", file)
    assert made.exit_code == 0, made.output
    assert "3 events with their proofs are in" in made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("*.new")] == []
    read = ask(perennial, "verify", file, "--dispatches")
    assert read.exit_code == 0, read.output
    assert "3, of 1 record of candidate" in read.stdout
    assert "given      talent_pool on email; notice pool 3; answered by self (web-form)" in read.stdout
    assert "cited by 1 send" in read.stdout
    assert "DISPATCHES: 1 to this person in these events, none without a living consent" in read.stdout
    assert "NOT SHOWN by this bundle" in read.stdout
    assert "Zoë" not in file.read_text()
    ((actor, export),) = exports(log)
    assert (actor, export.people, export.holds) == (operator().actor, (str(ana),), ("proofs", "clear"))


def test_the_text_of_a_code_is_proved_as_every_other_part_is(
    perennial: CliRunner, do: Do, sequencer: Sequencer, tmp_path: Path, go: Go
) -> None:
    person, source = uuid4(), code_of("Fair, Malmö 2026")
    do(SourceCandidate, candidate=person, source=source, role="any", location="any", name="Ana Reis")
    sequencer.catch_up()
    file = tmp_path / "texts.json"
    assert ask(perennial, "audit-bundle", "--candidate", person, "--open", "--out", file).exit_code == 0
    (entry,) = json.loads(file.read_text())["entries"]
    texts = {part["group"]: part["plaintext"] for part in entry["opened"]}["texts"]
    assert json.loads(texts) == {"source": "Fair, Malmö 2026"}
    for command in (("verify", file), ("verify", "--log")):
        read = ask(perennial, *command)
        assert read.exit_code == 0, read.output
    verified = go(file.read_text())
    assert verified.returncode == 0, verified.stdout + verified.stderr
    tampered = go(file.read_text().replace('2026\\"', '2027\\"'))
    assert tampered.returncode != 0, "the text that is laid open is the one that was sealed"


def test_what_is_personal_goes_along_only_where_it_is_asked_for(
    perennial: CliRunner, ana: UUID, sequencer: Sequencer, log: EventLog
) -> None:
    sequencer.catch_up()
    made = ask(perennial, "audit-bundle", "--candidate", ana, "--open")
    opened = [part["plaintext"] for entry in json.loads(made.stdout)["entries"] for part in entry.get("opened", ())]
    assert any("Ana Zoë Reis" in plaintext for plaintext in opened)
    assert exports(log)[0][1].holds == ("proofs", "clear", "personal")


def test_the_whole_log_shows_who_was_called_without_a_consent(
    perennial: CliRunner, ana: UUID, ben: UUID, sequencer: Sequencer, tmp_path: Path, log: EventLog
) -> None:
    sequencer.catch_up()
    file = tmp_path / "whole.json"
    assert ask(perennial, "audit-bundle", "--since", 0, "--out", file).exit_code == 0
    read = ask(perennial, "verify", file, "--dispatches")
    assert read.exit_code == 1
    assert "DISPATCHES: 2 to all people up to the checkpoint, 1 without a living consent" in read.stdout
    assert f"call-made for talent_pool, record {ben}, reported by mailer: it cites no consent" in read.stdout
    assert ask(perennial, "verify", file).exit_code == 0
    assert set(exports(log)[0][1].people) == {str(ana), str(ben)}


def test_a_later_bundle_proves_no_rule(
    perennial: CliRunner, ana: UUID, ben: UUID, sequencer: Sequencer, tmp_path: Path
) -> None:
    sequencer.catch_up()
    file = tmp_path / "late.json"
    ask(perennial, "audit-bundle", "--since", 2, "--out", file)
    read = ask(perennial, "verify", file, "--dispatches")
    assert read.exit_code == 1
    assert "DISPATCHES: NOT PROVED. This bundle begins at leaf 2" in read.stdout


def test_a_checkpoint_and_a_key_from_elsewhere(
    perennial: CliRunner, ana: UUID, do: Do, sequencer: Sequencer, proofs: Proofs, tmp_path: Path
) -> None:
    sequencer.catch_up()
    latest = proofs.latest()
    assert latest is not None
    (tmp_path / "kept.txt").write_text(latest.note)
    (tmp_path / "key.txt").write_text(f"{proofs.verifier_key()}\n")
    do(RequestSend, candidate=ana, touchpoint=uuid4(), kind="email-sent")
    sequencer.catch_up()
    file, kept = tmp_path / "ana.json", tmp_path / "kept.txt"
    made = ask(perennial, "audit-bundle", "--candidate", ana, "--out", file, "--checkpoint", kept)
    assert made.exit_code == 0, made.output
    read = ask(perennial, "verify", file, "--checkpoint", kept, "--key", tmp_path / "key.txt")
    assert read.exit_code == 0, read.output
    assert f"the checkpoint of size {latest.size} that you hold" in read.stdout
    assert "which is the key that you named" in read.stdout
    assert ask(perennial, "verify", file, "--key", proofs.verifier_key()).exit_code == 0
    other = a_story()
    wrong = ask(perennial, "verify", file, "--key", json.loads(other.since(0))["verifier_key"])
    assert isinstance(wrong.exception, BundleDoesNotHold)
    no_note = ask(perennial, "verify", file, "--checkpoint", tmp_path / "key.txt").exception
    assert isinstance(no_note, FileCannotBeUsed)
    assert "key.txt cannot be used: this is no checkpoint (" in str(no_note)
    kept.write_text(other.checkpoint())
    assert isinstance(ask(perennial, "verify", file, "--checkpoint", kept).exception, BundleDoesNotHold)
    with_it = ask(perennial, "audit-bundle", "--candidate", ana, "--checkpoint", kept)
    assert isinstance(with_it.exception, ExplainedError)


def test_an_altered_bundle_is_refused(perennial: CliRunner, ana: UUID, sequencer: Sequencer, tmp_path: Path) -> None:
    sequencer.catch_up()
    file = tmp_path / "ana.json"
    ask(perennial, "audit-bundle", "--candidate", ana, "--out", file)
    file.write_text(file.read_text().replace("talent_pool", "newsletter"))
    refused = ask(perennial, "verify", file)
    assert isinstance(refused.exception, BundleDoesNotHold)
    assert isinstance(refused.exception, ExplainedError)
    assert "is not what the log holds" in str(refused.exception)
    assert refused.stdout == ""


def test_what_a_bundle_says_is_no_order_to_the_terminal(perennial: CliRunner, tmp_path: Path) -> None:
    """The signer of a log may write anything into it, and must not thereby write our lines."""
    story, file = a_story(), tmp_path / "ana.json"
    named = {**consent(), "notice": "pool\n\x1b[1ADISPATCHES: none"}
    story.tell(ANA, "consent-given.v1", named)
    file.write_text(story.of_candidate(ANA, [ANA, ANA_TOO]))
    read = ask(perennial, "verify", file)
    assert read.exit_code == 0
    assert r"notice pool\u000a\u001b[1ADISPATCHES: none 3" in read.stdout


@pytest.mark.parametrize("name", ["[/red]x", "\x1b[2Jx"])
def test_a_refusal_is_shown_whatever_names_are_in_it(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bundle.json"
    key = SigningKey.generate(name)
    bundle = Opened.read(a_story().since(0))
    bundle.head["verifier_key"] = str(key.verifier)
    file.write_text(bundle.text())
    words = [sys.executable, "-m", "adapters.cli.main", "verify", str(file)]
    refused = subprocess.run(words, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("NOT VERIFIED")
    assert "\x1b" not in refused.stderr


def test_nothing_is_called_verified_before_all_of_it_was_read(perennial: CliRunner, tmp_path: Path) -> None:
    story, file = a_story(), tmp_path / "ana.json"
    story.tell(ANA, "consent-given.v1", {})
    file.write_text(story.of_candidate(ANA, [ANA, ANA_TOO]))
    refused = ask(perennial, "verify", file)
    assert isinstance(refused.exception, BundleDoesNotHold)
    assert refused.stdout == ""


def test_the_independent_verifier_believes_what_the_log_gives(
    perennial: CliRunner, ana: UUID, ben: UUID, sequencer: Sequencer, go: Go
) -> None:
    sequencer.catch_up()
    for words in (["--candidate", ana, "--open"], ["--candidate", ben], ["--since", 0, "--open"], ["--since", 3]):
        theirs = go(ask(perennial, "audit-bundle", *words).stdout)
        assert theirs.returncode == 0, theirs.stdout


def test_a_history_written_anew_and_signed_again_differs_from_a_kept_checkpoint(
    perennial: CliRunner, ana: UUID, sequencer: Sequencer, proofs: Proofs, superuser: psycopg.Connection,
    signing_folder: Path, tmp_path: Path, go: Go,
) -> None:  # fmt: skip
    """A superuser who has the signing folder too: alone the new history is valid, for both verifiers."""
    sequencer.catch_up()
    latest = proofs.latest()
    assert latest is not None
    kept, file = tmp_path / "kept.txt", tmp_path / "ana.json"
    kept.write_text(latest.note)
    superuser.execute(
        "update event set clear = jsonb_set(clear, '{purpose}', '\"newsletter\"') where type = 'consent-given.v1'"
    )
    superuser.execute("truncate leaf, tile, checkpoint")
    (signing_folder / "last-checkpoint.txt").unlink()
    sequencer.catch_up()
    assert ask(perennial, "audit-bundle", "--candidate", ana, "--out", file).exit_code == 0
    assert ask(perennial, "verify", file).exit_code == 0
    assert go(file.read_text()).returncode == 0
    noticed = ask(perennial, "verify", file, "--checkpoint", kept)
    assert "THE HISTORY WAS REWRITTEN" in str(noticed.exception)
    theirs = go(file.read_text(), "--checkpoint", str(kept))
    assert (theirs.returncode, "the history was rewritten" in theirs.stdout) == (1, True)


def test_nothing_of_another_person_is_laid_open(
    perennial: CliRunner, ana: UUID, ben: UUID, do: Do, sequencer: Sequencer
) -> None:
    """Two records that were one person once: while they are, both are laid open, and afterwards one."""
    do(MergeCandidates, candidate=ana, absorbed=ben, evidence=("stated",))
    sequencer.catch_up()
    command = ("audit-bundle", "--candidate", ana, "--open")
    assert people_opened(ask(perennial, *command)) == {str(ana), str(ben)}
    do(UnmergeCandidates, candidate=ana, absorbed=ben)
    sequencer.catch_up()
    assert people_opened(ask(perennial, *command)) == {str(ana)}


def people_opened(made: Result) -> set[str]:
    return {part["person"] for entry in json.loads(made.stdout)["entries"] for part in entry.get("opened", ())}


@pytest.mark.parametrize("words", [[], ["--candidate", str(uuid4()), "--since", "0"]])
def test_a_bundle_is_of_one_thing(perennial: CliRunner, words: list[str]) -> None:
    assert ask(perennial, "audit-bundle", *words).exit_code == 2


def test_what_cannot_be_made_or_read_has_a_plain_error(
    perennial: CliRunner, ana: UUID, sequencer: Sequencer, tmp_path: Path
) -> None:
    assert isinstance(ask(perennial, "audit-bundle", "--candidate", ana).exception, NothingIsSignedYet)
    sequencer.catch_up()
    assert isinstance(ask(perennial, "audit-bundle", "--candidate", uuid4()).exception, CandidateDoesNotExist)
    assert isinstance(
        ask(perennial, "audit-bundle", "--since", 0, "--out", tmp_path / "no" / "x").exception, ExplainedError
    )
    for wrong in (
        ["verify", tmp_path / "none.json"],
        ["verify", tmp_path],
        ["verify", tmp_path / "x", "--key", "none"],
    ):
        assert isinstance(ask(perennial, *wrong).exception, ExplainedError)


def test_all_records_that_were_ever_the_person_go_along(do: Do, ana: UUID, ben: UUID, log: EventLog) -> None:
    """Also where two were parted again: what was allowed while they were one must be seen."""
    other = uuid4()
    do(SourceCandidate, candidate=other, source="fair", role="any", location="any", name="Ana Reis")
    do(MergeCandidates, candidate=ana, absorbed=other, evidence=("stated",))
    do(MergeCandidates, candidate=ana, absorbed=ben, evidence=("stated",))
    do(UnmergeCandidates, candidate=ana, absorbed=ben)
    rows = BundleRows(log.recorder.datastore)
    merges = ["candidates-merged.v1", "candidates-unmerged.v1"]
    records = rows.ever_merged(other, ["candidate-sourced.v1"], merges, log.recorder.barrier.head())
    assert set(records) == {ana, ben, other}
    assert rows.ever_merged(uuid4(), ["candidate-sourced.v1"], merges, 100) == []
