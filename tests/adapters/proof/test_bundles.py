"""A bundle is believed by our verifier and by an independent one, and no altered one is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.proof.bundle import TEXT
from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.bundle_verification import CheckpointWasNotReached, Held, Verified, verify
from adapters.proof.leaf import clear_bytes
from adapters.proof.logged_event import LoggedEvent
from tests.adapters.proof.conftest import Go
from tests.adapters.proof.story import ANA, ANA_TOO, BEN, KEY, a_story
from tests.adapters.proof.tamperings import RECORDS, TAMPERINGS, Opened, Tampering, counted_anew, honest, table


def ours(bundle: str | bytes, held: Held = Held()) -> tuple[Verified, list[LoggedEvent]]:  # noqa: B008 - it never changes
    events: list[LoggedEvent] = []
    data = bundle if isinstance(bundle, bytes) else bundle.encode()
    return verify(io.BytesIO(data), held, events.append), events


BUNDLES: dict[str, Callable[[], str]] = {
    "of a candidate": lambda: honest(whole=False),
    "of the whole log": lambda: honest(whole=True),
    "after a position": lambda: a_story().since(5, [2, 8]),
    "of nothing new": lambda: a_story().since(11),
    "without older checkpoints": lambda: a_story().of_candidate(BEN, [BEN]),
}


@pytest.mark.parametrize("made", BUNDLES.values(), ids=BUNDLES)
def test_both_believe_what_is_true(made: Callable[[], str], go: Go) -> None:
    bundle = made()
    verified, events = ours(bundle)
    theirs = go(bundle)
    assert theirs.returncode == 0, theirs.stdout
    assert theirs.stdout.startswith(f"VERIFIED: {verified.events} events")
    assert len(events) == verified.events
    assert verified.checkpoint.size == 11


def test_what_was_opened_is_listed() -> None:
    verified, events = ours(honest(whole=False))
    assert events[0].opened[ANA, "personal"]["name"] == "Ana <Zoë> & Reis\u2028"
    assert verified.opened == 1


@pytest.mark.parametrize("size", [1, 4, 8, 11])
def test_a_checkpoint_held_elsewhere_is_extended(size: int, go: Go, tmp_path: Path) -> None:
    story, held = a_story(), tmp_path / "older.txt"
    bundle = story.of_candidate(ANA, RECORDS, [1, 4, 8])
    held.write_text(story.checkpoint(size))
    assert ours(bundle, Held(str(KEY.verifier), story.checkpoint(size)))[0].held == size
    theirs = go(bundle, "--checkpoint", str(held), "--key", str(KEY.verifier))
    assert theirs.returncode == 0, theirs.stdout


def test_a_checkpoint_that_the_bundle_does_not_lead_to_is_not_passed_over(go: Go, tmp_path: Path) -> None:
    story, held = a_story(), tmp_path / "older.txt"
    held.write_text(story.checkpoint(5))
    with pytest.raises(CheckpointWasNotReached, match=r"size 5 .* what this bundle says holds.* has no proof from it"):
        ours(honest(whole=False), Held(checkpoint=story.checkpoint(5)))
    theirs = go(honest(whole=False), "--checkpoint", str(held))
    assert (theirs.returncode, "has no proof from the checkpoint of size 5" in theirs.stdout) == (1, True)


def test_a_bundle_that_is_older_than_the_checkpoint_held_is_not_called_untrue(go: Go, tmp_path: Path) -> None:
    bundle, story, held = honest(whole=False), a_story(), tmp_path / "newer.txt"
    story.tell(ANA, "consent-given.v1", {})
    held.write_text(story.checkpoint())
    with pytest.raises(CheckpointWasNotReached, match=r"ends at size 11.* made after your checkpoint"):
        ours(bundle, Held(checkpoint=story.checkpoint()))
    theirs = go(bundle, "--checkpoint", str(held))
    assert (theirs.returncode, "older than the checkpoint of size 12" in theirs.stdout) == (1, True)
    without_an_entry = next(tampering for tampering in TAMPERINGS if tampering.what == "an entry dropped")
    with pytest.raises(BundleDoesNotHold, match="left out or put in"):
        ours(without_an_entry.bundle(), Held(checkpoint=story.checkpoint()))


@pytest.mark.parametrize("nothing", ["", "\n"])
def test_an_empty_file_is_no_checkpoint_and_no_key(nothing: str, go: Go, tmp_path: Path) -> None:
    """An empty file must not look as if something was compared with it."""
    bundle, empty = honest(whole=False), tmp_path / "empty.txt"
    empty.write_text(nothing)
    for held in (Held(checkpoint=nothing), Held(key=nothing)):
        with pytest.raises(BundleDoesNotHold):
            ours(bundle, held)
    for words in (("--checkpoint", str(empty)), ("--checkpoint", ""), ("--key", nothing)):
        assert go(bundle, *words).returncode == 1, words


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.what)
def test_no_verifier_believes_what_was_altered(tampering: Tampering, go: Go, tmp_path: Path) -> None:
    bundle, older = tampering.bundle(), tmp_path / "older.txt"
    older.write_text(a_story().checkpoint(8))
    key = str(KEY.verifier) if tampering.needs == "key" else None
    checkpoint = older.read_text() if tampering.needs == "checkpoint" else None
    with pytest.raises(BundleDoesNotHold, match=tampering.ours):
        ours(bundle, Held(key, checkpoint))
    options = {"key": ["--key", str(key)], "checkpoint": ["--checkpoint", str(older)], None: []}[tampering.needs]
    theirs = go(bundle, *options)
    assert (theirs.returncode, theirs.stdout[:9]) == (1, "REJECTED:")
    if tampering.needs is not None:
        ours(bundle)  # alone it is valid: only a checkpoint or key from elsewhere shows the change
        assert go(bundle).returncode == 0


def test_no_two_tamperings_are_the_same() -> None:
    assert len({tampering.what for tampering in TAMPERINGS}) == len(TAMPERINGS)
    assert len({tampering.bundle() for tampering in TAMPERINGS if tampering.needs is None}) == len(
        [tampering for tampering in TAMPERINGS if tampering.needs is None]
    )


def test_the_documentation_says_so() -> None:
    """Each line of the table is a tampering that both refused above."""
    assert table() in (Path(__file__).parents[3] / "docs" / "audit.md").read_text()


def test_what_a_candidates_bundle_cannot_show() -> None:
    """The newest events left out, and the counts with them: a range shows that, a candidate's bundle does not."""
    opened = Opened.read(honest(whole=False))
    counted_anew(lambda entries: entries[:-1])(opened)
    verified, events = ours(opened.text())
    assert verified.events == 7
    assert not any(event.type == "consent-withdrawn.v1" for event in events)
    whole = Opened.read(honest(whole=True))
    whole.entries.pop()
    with pytest.raises(BundleDoesNotHold, match="signed root"):
        ours(whole.text())


SAMPLES = tuple(made().encode() for made in BUNDLES.values())


@settings(max_examples=1500)
@given(st.data())
def test_no_byte_can_be_changed(data: st.DataObject) -> None:
    """There is one way to write a bundle, and every byte of it is checked: not even a blank may be another one."""
    bundle = data.draw(st.sampled_from(SAMPLES))
    at = data.draw(st.integers(0, len(bundle) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != bundle[at]))
    with pytest.raises(BundleDoesNotHold):
        ours(bundle[:at] + bytes([other]) + bundle[at + 1 :])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_can_be_changed_for_the_independent_verifier_either(data: st.DataObject, go: Go) -> None:
    bundle = data.draw(st.sampled_from(SAMPLES))
    at = data.draw(st.integers(0, len(bundle) - 1))
    others = [byte for byte in (bundle[at] ^ 1, bundle[at] ^ 32, *b'"0 ,\n') if byte != bundle[at]]
    other = data.draw(st.sampled_from(others))
    assert go(bundle[:at] + bytes([other]) + bundle[at + 1 :]).returncode == 1


@settings(max_examples=300)
@given(st.data())
def test_nothing_can_be_cut_out_or_put_in(data: st.DataObject) -> None:
    """But for what the page says may be left out: older checkpoints, and what was laid open."""
    bundle = data.draw(st.sampled_from(SAMPLES))
    begin = data.draw(st.integers(0, len(bundle) - 1))
    end = data.draw(st.integers(begin, min(len(bundle), begin + 400)))
    put_in = data.draw(st.binary(max_size=20))
    changed = bundle[:begin] + put_in + bundle[end:]
    if changed in (bundle, *less(bundle)):
        return
    with pytest.raises(BundleDoesNotHold):
        ours(changed)


def less(bundle: bytes) -> list[bytes]:
    """The bundle without one of its older checkpoints, or without what one of its entries lays open."""
    bundles = []
    for number in range(len(Opened.read(bundle.decode()).head["checkpoints"])):
        without = Opened.read(bundle.decode())
        del without.head["checkpoints"][number]
        bundles.append(without.text().encode())
    for number, entry in enumerate(Opened.read(bundle.decode()).entries):
        without = Opened.read(bundle.decode())
        if "opened" in entry:
            del without.entries[number]["opened"]
            bundles.append(without.text().encode())
    return bundles


def test_what_may_be_left_out(go: Go) -> None:
    for bundle in less(SAMPLES[0]):
        verified, _ = ours(bundle)
        assert (verified.events, len(verified.older) + verified.opened) == (8, 2)
        assert go(bundle).returncode == 0


ODD = (
    "null", "true", '""', '"x"', "0", "-0", "-1", "1.0", "1e3", str(1 << 63), "9" * 1001, "9" * 5000, "[]", "{}",
    "[null]", '"\\u0041"', '"\\ud800"', '"\u2028<>&"', '{"b":1,"a":2}', '{"a":1,"a":1}', '{"A":1,"a":1}', "[1, 2]",
    '"2026-02-30T00:00:00.000000Z"', '"2026-01-01T00:00:00,000000Z"', '"0000-01-01T00:00:00.000000Z"',
    "[{}]", '[{"state_sha256":""}]', '[{"state_sha256":"a"}]', '[{"commitment":"a","group":"b","person":"c"}]',
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:30])
def test_both_judge_alike_what_a_dishonest_log_has_signed(odd: str, go: Go) -> None:
    """The holder of the key can put anything into a leaf, or beside it: no two readers may differ on it."""
    for number, part in ((2, "leaf"), (2, "clear"), (6, "clear")):
        text = a_story().leaves[number].decode() if part == "leaf" else a_story().rows[number].clear
        for member in json.loads(text):
            changed = TEXT.encode({**json.loads(text), member: "?"}).replace('"?"', odd)
            bundle = signed_with(number, part, changed)
            assert holds(bundle) == (go(bundle).returncode == 0), (part, member)


def signed_with(number: int, part: str, text: str) -> str:
    """A candidate's bundle out of a log in which that is the event's leaf, or its clear data."""
    story = a_story()
    leaf = text
    if part == "clear":
        story.rows[number] = story.rows[number]._replace(clear=text)
        hashed = {"clear_sha256": sha256(clear_bytes(text)).hexdigest()}
        leaf = TEXT.encode({**json.loads(a_story().leaves[number]), **hashed})
    story.leaves[number] = leaf.encode()
    return story.of_candidate(ANA, RECORDS)


def holds(bundle: str) -> bool:
    try:
        ours(bundle)
    except BundleDoesNotHold:
        return False
    return True


def test_the_odd_ones_are_signed_rightly(go: Go) -> None:
    """What is refused above is refused for what it says."""
    for part, text in (("leaf", a_story().leaves[2].decode()), ("clear", '{"anything":"else"}')):
        bundle = signed_with(2, part, text)
        assert (holds(bundle), go(bundle).returncode) == (True, 0)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"{}",
        b"[]\n",
        b"\xff\xfe\n",
        b'{"entries":[\n',
        b'{"a":' + b"[" * 100_000 + b',"entries":[\n',
        b"\n\n",
        b"null\n",
    ],
)
def test_what_is_no_bundle_is_called_so(rubbish: bytes, go: Go) -> None:
    with pytest.raises(BundleDoesNotHold):
        ours(rubbish)
    assert go(rubbish).returncode == 1


def test_the_records_are_those_of_the_person() -> None:
    verified, _ = ours(honest(whole=False))
    assert verified.of.records == {ANA: 6, ANA_TOO: 2}  # type: ignore[union-attr]  # of a candidate
