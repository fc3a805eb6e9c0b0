"""A bundle is believed by our verifier and by somebody else's, and no altered one is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.bundle_verification import Held, Verified, verify
from adapters.proof.told import Told
from tests.proof.conftest import Go
from tests.proof.story import ANA, ANA_TOO, BEN, KEY, a_story
from tests.proof.tamperings import RECORDS, TAMPERINGS, Opened, Tampering, counted_anew, honest, table


def ours(bundle: str | bytes, held: Held = Held()) -> tuple[Verified, list[Told]]:  # noqa: B008 - it never changes
    told: list[Told] = []
    data = bundle if isinstance(bundle, bytes) else bundle.encode()
    return verify(io.BytesIO(data), held, told.append), told


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
    verified, told = ours(bundle)
    theirs = go(bundle)
    assert theirs.returncode == 0, theirs.stdout
    assert theirs.stdout.startswith(f"VERIFIED: {verified.events} events")
    assert len(told) == verified.events
    assert verified.checkpoint.size == 11


def test_what_was_opened_is_told() -> None:
    verified, told = ours(honest(whole=False))
    assert told[0].opened[ANA, "personal"]["name"] == "Ana <Zoë> & Reis\u2028"
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
    with pytest.raises(BundleDoesNotHold, match="ask for a bundle made with it"):
        ours(honest(whole=False), Held(checkpoint=story.checkpoint(5)))
    assert go(honest(whole=False), "--checkpoint", str(held)).returncode == 1


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda one: one.what)
def test_nobody_believes_what_was_altered(tampering: Tampering, go: Go, tmp_path: Path) -> None:
    bundle, older = tampering.bundle(), tmp_path / "older.txt"
    older.write_text(a_story().checkpoint(8))
    key = str(KEY.verifier) if tampering.needs == "key" else None
    checkpoint = older.read_text() if tampering.needs == "checkpoint" else None
    with pytest.raises(BundleDoesNotHold, match=tampering.ours):
        ours(bundle, Held(key, checkpoint))
    known = {"key": ["--key", str(key)], "checkpoint": ["--checkpoint", str(older)], None: []}[tampering.needs]
    theirs = go(bundle, *known)
    assert (theirs.returncode, theirs.stdout[:9]) == (1, "REJECTED:")
    if tampering.needs is not None:
        ours(bundle)  # by itself it is in order: only who has something from elsewhere can tell
        assert go(bundle).returncode == 0


def test_no_two_tamperings_are_the_same() -> None:
    assert len({tampering.what for tampering in TAMPERINGS}) == len(TAMPERINGS)
    assert len({tampering.bundle() for tampering in TAMPERINGS if tampering.needs is None}) == len(
        [tampering for tampering in TAMPERINGS if tampering.needs is None]
    )


def test_the_documentation_says_so() -> None:
    """Each line of the table is a tampering that both refused above."""
    assert table() in (Path(__file__).parents[2] / "docs" / "audit.md").read_text()


def test_what_a_candidates_bundle_cannot_show() -> None:
    """The newest events left out, and the counts with them: a range shows that, a candidate's bundle does not."""
    opened = Opened.read(honest(whole=False))
    counted_anew(lambda entries: entries[:-1])(opened)
    verified, told = ours(opened.text())
    assert verified.events == 7
    assert not any(one.type == "consent-withdrawn.v1" for one in told)
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


BLANKS = b" \t\r\n"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_can_be_changed_for_somebody_elses_code_either(data: st.DataObject, go: Go) -> None:
    """To it, one blank between two entries is as good as another; nothing else is."""
    bundle = data.draw(st.sampled_from(SAMPLES))
    at = data.draw(st.integers(0, len(bundle) - 1))
    others = [byte for byte in (bundle[at] ^ 1, bundle[at] ^ 32, *b'"0 ,') if byte != bundle[at]]
    other = data.draw(st.sampled_from(others))
    changed = bundle[:at] + bytes([other]) + bundle[at + 1 :]
    meaningless = bundle[at] in BLANKS and other in BLANKS
    assert (go(changed).returncode == 0) == meaningless


@settings(max_examples=300)
@given(st.data())
def test_nothing_can_be_cut_out_or_put_in(data: st.DataObject) -> None:
    bundle = data.draw(st.sampled_from(SAMPLES))
    begin = data.draw(st.integers(0, len(bundle) - 1))
    end = data.draw(st.integers(begin, min(len(bundle), begin + 400)))
    put_in = data.draw(st.binary(max_size=20))
    changed = bundle[:begin] + put_in + bundle[end:]
    if changed == bundle:
        return
    with pytest.raises(BundleDoesNotHold):
        ours(changed)


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
