"""Notes are those that others write and read; whatever was changed in one, it does not open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.proof.note import (
    Checkpoint,
    CheckpointCannotBeRead,
    KeyCannotBeRead,
    NoteIsNotSigned,
    SigningKey,
    open_checkpoint,
    open_note,
    read_checkpoint,
    read_signing_key,
    read_verifier_key,
)

# Written by Go's sumdb/note, in its own tests; the key is meant for that.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)  # fmt: skip
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
KEY = SigningKey.generate("perennial-log/one")
CHECKPOINT = Checkpoint("perennial-log/one", 20_852_163, bytes(range(32)))


def test_we_read_and_write_what_others_do() -> None:
    assert open_note(GO_NOTE, read_verifier_key(GO_KEY)) == GO_TEXT
    assert open_note(SPEC_NOTE, read_verifier_key(SPEC_KEY)) == "This is an example message.\n"
    secret = read_signing_key(GO_SECRET)
    assert secret.sign(GO_TEXT) == GO_NOTE
    assert str(secret.verifier) == GO_KEY
    assert secret.secret_text == GO_SECRET


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("Peter", "Paul"),
        GO_KEY.replace("+c74", "c74"),
        GO_KEY[:-1],
        "",
        "++",
    ],
)
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(KeyCannotBeRead):
        read_verifier_key(text)


def test_a_secret_is_no_verifier_key_and_the_other_way_round() -> None:
    with pytest.raises(KeyCannotBeRead):
        read_signing_key(GO_KEY)
    with pytest.raises(KeyCannotBeRead):
        read_verifier_key(GO_SECRET)
    with pytest.raises(KeyCannotBeRead):
        read_signing_key(GO_SECRET.replace("c74f20a3", "c74f20a4"))


def test_a_checkpoint_comes_back_from_its_note() -> None:
    note = KEY.sign(CHECKPOINT.text)
    assert open_checkpoint(note, read_verifier_key(str(KEY.verifier))) == CHECKPOINT
    assert CHECKPOINT.text == "perennial-log/one\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"


@given(st.data())
def test_an_altered_note_does_not_open(data: st.DataObject) -> None:
    note = KEY.sign(CHECKPOINT.text)
    at = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.one_of(st.just(""), st.characters(exclude_characters=note[at], exclude_categories=["Cs"])))
    with pytest.raises(NoteIsNotSigned):
        open_note(note[:at] + other + note[at + 1 :], KEY.verifier)


def test_others_may_sign_beside_us_but_not_instead() -> None:
    witness = SigningKey.generate("witness")
    ours, theirs = KEY.sign(CHECKPOINT.text), witness.sign(CHECKPOINT.text)
    line = theirs.rpartition("\n\n")[2]
    assert open_checkpoint(ours + line, KEY.verifier) == CHECKPOINT
    assert open_note(ours + line, witness.verifier) == CHECKPOINT.text
    for note in (theirs, CHECKPOINT.text, CHECKPOINT.text + "\n", ours + "— witness ????\n", ours + line * 100):
        with pytest.raises(NoteIsNotSigned):
            open_note(note, KEY.verifier)


def test_the_same_name_with_another_key_is_another_signer() -> None:
    with pytest.raises(NoteIsNotSigned, match="none of its signatures"):
        open_note(SigningKey.generate(KEY.name).sign(CHECKPOINT.text), KEY.verifier)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    other = Checkpoint("perennial-log/two", 1, bytes(32))
    with pytest.raises(CheckpointCannotBeRead, match="another log"):
        open_checkpoint(KEY.sign(other.text), KEY.verifier)


@pytest.mark.parametrize(
    "text",
    ["", "log\n", "log\n1\n", "\n1\nAAAA\n", f"log\n01\n{'A' * 43}=\n", f"log\n-1\n{'A' * 43}=\n", "log\n1\nAAAA\n",
     f"log\n1\n{'A' * 42}B=\n", f"log\n1\n{'A' * 43}=", f"log\n 1\n{'A' * 43}=\n", "log\n1\nÄ\n"],
)  # fmt: skip
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointCannotBeRead):
        read_checkpoint(text)


def test_lines_after_the_third_are_left_alone() -> None:
    assert read_checkpoint(CHECKPOINT.text + "more\n") == CHECKPOINT


@pytest.mark.parametrize("text", ["no line feed", "a\x00b\n", "a\r\n"])
def test_what_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="note's text"):
        KEY.sign(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_name_that_no_note_can_hold_gets_no_key(name: str) -> None:
    with pytest.raises(KeyCannotBeRead):
        SigningKey.generate(name)
