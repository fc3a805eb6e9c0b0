"""Signed checkpoints: what the log was at a size, in the C2SP text formats, under an Ed25519 signature."""

from __future__ import annotations

import base64
import re
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from adapters.proof.tree import HASH_BYTES
from domain.errors import ExplainedError

ED25519 = b"\x01"
MOST_SIGNATURES = 100
SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
SIGNING = "PRIVATE+KEY+"


class NoteIsNotSigned(ExplainedError):
    """Note not signed

    The note is not signed with the key {name} ({why}).

    Do not trust what it says.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name=name, why=why)


class KeyCannotBeRead(ExplainedError):
    """Unreadable key

    This is no Ed25519 key in the form of a signed note ({why}).

    Give a key that looks like name+1f2e3d4c+Aa...=.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why=why)


class CheckpointCannotBeRead(ExplainedError):
    """Unreadable checkpoint

    This is no checkpoint ({why}).

    Give a checkpoint: an origin, a size and a root, one a line.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why=why)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That the log named `origin` had `size` leaves, and `root` (32 bytes) over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of a note's text; ignore lines after the third. Errors: CheckpointCannotBeRead."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0]:
        raise CheckpointCannotBeRead("it has fewer than three lines")
    origin, size, root = lines[:3]
    if not SIZE.fullmatch(size) or int(size) >= 1 << 63:
        raise CheckpointCannotBeRead("its second line is no size")
    digest = strict_base64(root)
    if digest is None or len(digest) != HASH_BYTES:
        raise CheckpointCannotBeRead("its third line is no hash of 32 bytes in base64")
    return Checkpoint(origin, int(size), digest)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Who signs, and the public key (32 bytes) that shows it."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature says which key it is of."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64_text(ED25519 + self.public)}"


def read_verifier_key(text: str) -> VerifierKey:
    """Return the key of its one-line text. Errors: KeyCannotBeRead."""
    name, key_id, public = read_key(text.strip())
    key = VerifierKey(name, public)
    if key.id.hex() != key_id:
        raise KeyCannotBeRead("its name, id and key do not belong together")
    return key


def read_key(text: str) -> tuple[str, str, bytes]:
    """(name, key id in hex, the 32 bytes of the key)."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = strict_base64(encoded)
    if not is_name(name) or not re.fullmatch(r"[0-9a-f]{8}", key_id) or data is None:
        raise KeyCannotBeRead("it does not have a name, an id and a key")
    if data[:1] != ED25519 or len(data) != 33:
        raise KeyCannotBeRead("it is not of the algorithm Ed25519")
    return name, key_id, data[1:]


def is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The one secret of the proofs: who has it can sign anything in the log's name."""

    name: str
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        if not is_name(name):
            raise KeyCannotBeRead("a name has no blank and no plus sign in it")
        return cls(name, Ed25519PrivateKey.generate())

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def secret_text(self) -> str:
        """For the signing folder alone: the form in which Go's `note` keeps it too."""
        seed = self.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return f"{SIGNING}{self.name}+{self.verifier.id.hex()}+{base64_text(ED25519 + seed)}"

    def sign(self, text: str) -> str:
        """Return the note: the text (it ends with a line feed), an empty line, our signature."""
        if not text.endswith("\n") or has_control_characters(text):
            raise ValueError("a note's text ends with a line feed and has no other control characters")
        signature = self.verifier.id + self.private.sign(text.encode())
        return f"{text}\n— {self.name} {base64_text(signature)}\n"


def read_signing_key(text: str) -> SigningKey:
    """Return the key of `secret_text`. Errors: KeyCannotBeRead."""
    if not text.startswith(SIGNING):
        raise KeyCannotBeRead("it is no signing key")
    name, key_id, seed = read_key(text.removeprefix(SIGNING).strip())
    key = SigningKey(name, Ed25519PrivateKey.from_private_bytes(seed))
    if key.verifier.id.hex() != key_id:
        raise KeyCannotBeRead("its name, id and key do not belong together")
    return key


def open_note(note: str, key: VerifierKey) -> str:
    """Return the signed text; ignore signatures of others. Errors: NoteIsNotSigned."""
    text, parted, signatures = note.rpartition("\n\n")
    text += "\n"
    if not parted or not signatures.endswith("\n") or has_control_characters(note):
        raise NoteIsNotSigned(key.name, "it has not the form of a note")
    lines = signatures[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteIsNotSigned(key.name, "it has too many signatures")
    ours = [signature for line in lines if (signature := signature_by(key, line)) is not None]
    if not ours:
        raise NoteIsNotSigned(key.name, "none of its signatures is by it")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(ours[0], text.encode())
    except InvalidSignature as error:
        raise NoteIsNotSigned(key.name, "its signature is of another text") from error
    return text


def signature_by(key: VerifierKey, line: str) -> bytes | None:
    """Return the key's signature on the line, None if it is another's. Errors: NoteIsNotSigned if the line is no
    signature."""
    matched = SIGNATURE_LINE.fullmatch(line)
    data = strict_base64(matched[2]) if matched else None
    if matched is None or data is None or len(data) < 5:
        raise NoteIsNotSigned(key.name, "one of its lines is no signature")
    return data[4:] if (matched[1], data[:4]) == (key.name, key.id) else None


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint of a note signed with the key. Errors: NoteIsNotSigned, CheckpointCannotBeRead."""
    checkpoint = read_checkpoint(open_note(note, key))
    if checkpoint.origin != key.name:
        raise CheckpointCannotBeRead("it is of another log than its key")
    return checkpoint


def has_control_characters(text: str) -> bool:
    return any(ord(character) < 0x20 and character != "\n" for character in text)


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def strict_base64(text: str) -> bytes | None:
    """Return the bytes; None if the text is not canonical base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return None
    return data if base64_text(data) == text else None
