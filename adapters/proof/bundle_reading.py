"""Reads a bundle line by line and strictly: what is not written exactly as bundles are written is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, NoReturn

from adapters.proof.bundle import END, ENTRIES, FORMAT, TEXT, Entry, Header, Older, Opened, Person, Range
from adapters.proof.note import strict_base64
from adapters.proof.tree import HASH_BYTES
from domain.errors import ExplainedError

LONGEST_LINE = 1 << 26
"""Bytes. No event of ours comes near it; a line without an end must not fill the memory."""
LONGEST_NUMBER = 1000
"""Digits. Languages differ in how many they take; ours have 19 at most."""
SALT_BYTES = 32
LARGEST = 1 << 63
"""A number of 64 bits is below it: so are all that PostgreSQL gives."""
HEADER = ("format", "origin", "verifier_key", "checkpoint", "checkpoints", "candidate", "records", "range", "entries")
MEMBERS = {
    "older": ("note", "proof"),
    "record": ("record", "events"),
    "range": ("first", "prefix"),
    "opened": ("person", "group", "salt", "plaintext"),
}


class BundleDoesNotHold(ExplainedError):
    """NOT VERIFIED

    {why}.

    Trust nothing in this bundle; ask for it again, and keep this one.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why=why)


def read_header(file: IO[bytes]) -> Header:
    """Read the header from the first line. Errors: BundleDoesNotHold."""
    line = next_line(file)
    if not line.endswith(ENTRIES):
        raise BundleDoesNotHold("this is no bundle: its first line is not one")
    document = parsed(f"{line}{END}", "the header")
    if tuple(document) != HEADER or document["entries"] != []:
        raise BundleDoesNotHold("the header has not the members of a bundle")
    if document["format"] != FORMAT:
        raise BundleDoesNotHold("it is of a format unknown to this version")
    return Header(
        origin=a_text(document["origin"], "the origin"),
        verifier_key=a_text(document["verifier_key"], "the verifier key"),
        checkpoint=a_text(document["checkpoint"], "the checkpoint"),
        checkpoints=[older_of(checkpoint) for checkpoint in a_list(document["checkpoints"], "the checkpoints")],
        of=what_it_is_of(document),
    )


def what_it_is_of(document: Mapping[str, Any]) -> Range | Person:
    if document["range"] is not None and document["candidate"] is None and document["records"] is None:
        span = an_object(document["range"], "range")
        return Range(a_number(span["first"], "where the range begins"), hashes(span["prefix"], "the prefix"))
    if document["range"] is not None or document["candidate"] is None:
        raise BundleDoesNotHold("it is neither of a range nor of a candidate")
    listed = [an_object(record, "record") for record in a_list(document["records"], "the records")]
    records = {
        a_text(record["record"], "a record"): a_number(record["events"], "a record's events") for record in listed
    }
    if len(records) != len(listed):
        raise BundleDoesNotHold("it lists a record twice")
    return Person(a_text(document["candidate"], "the candidate"), records)


def older_of(value: Any) -> Older:
    document = an_object(value, "older")
    return Older(a_text(document["note"], "an older checkpoint"), hashes(document["proof"], "a consistency proof"))


def read_entries(file: IO[bytes], of: Range | Person) -> Iterator[tuple[Entry, Mapping[str, Any]]]:
    """Each entry with its clear data as an object, up to the end of the file. Errors: BundleDoesNotHold."""
    more = None
    while (line := next_line(file)) != END:
        if more is False:
            raise BundleDoesNotHold("an entry stands where the bundle should end")
        more = line.endswith(",")
        yield entry_of(parsed(line.removesuffix(","), "an entry"), of)
    if more or file.read(1):
        raise BundleDoesNotHold("it is cut off, or goes on after its end")


def entry_of(document: Mapping[str, Any], of: Range | Person) -> tuple[Entry, Mapping[str, Any]]:
    proved = () if isinstance(of, Range) else ("proof",)
    if tuple(document) not in (("index", "leaf", "clear", *proved), ("index", "leaf", "clear", *proved, "opened")):
        raise BundleDoesNotHold("an entry has not the members of one")
    index = a_number(document["index"], "an index")
    if not isinstance(document["clear"], dict) or document.get("opened") == []:
        raise BundleDoesNotHold(f"entry {index} is not written as entries are")
    entry = Entry(
        index=index,
        leaf=a_text(document["leaf"], "a leaf"),
        clear=TEXT.encode(document["clear"]),
        proof=hashes(document["proof"], f"the proof of entry {index}") if proved else None,
        opened=[opened_of(part) for part in a_list(document.get("opened", []), "what is opened")],
    )
    return entry, document["clear"]


def opened_of(value: Any) -> Opened:
    document = an_object(value, "opened")
    salt = strict_base64(a_text(document["salt"], "a salt"))
    if salt is None or len(salt) != SALT_BYTES:
        raise BundleDoesNotHold("a salt is not 32 bytes in base64")
    person, group = a_text(document["person"], "a person"), a_text(document["group"], "a group")
    return Opened(person, group, salt, a_text(document["plaintext"], "what was sealed"))


def next_line(file: IO[bytes]) -> str:
    """Return the next line without its end. Errors: BundleDoesNotHold if there is none, or it has no end."""
    line = file.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise BundleDoesNotHold("it is cut off, or is no bundle at all")
    try:
        return line[:-1].decode()
    except UnicodeDecodeError:
        raise BundleDoesNotHold("it is not in UTF-8") from None


def parsed(text: str, what: str) -> Mapping[str, Any]:
    """Return the object of the text, which must be in canonical form. Errors: BundleDoesNotHold, also of a repeated
    name."""
    value: Any = None
    try:
        value = json.loads(text, parse_int=whole, parse_float=refuse, parse_constant=refuse)
        as_bundles_are = isinstance(value, dict) and TEXT.encode(value) == text
    except (ValueError, RecursionError):
        as_bundles_are = False
    if not as_bundles_are:
        raise BundleDoesNotHold(f"{what} is not written as bundles are: it was changed, or formatted anew")
    document: Mapping[str, Any] = value
    return document


def whole(number: str) -> int:
    """Errors: ValueError of one that is longer than any of ours."""
    return refuse(number) if len(number.lstrip("-")) > LONGEST_NUMBER else int(number)


def refuse(number: str) -> NoReturn:
    raise ValueError(number)


def an_object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or tuple(value) != MEMBERS[what]:
        raise BundleDoesNotHold(f"one of its objects is no {what}")
    return value


def a_list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise BundleDoesNotHold(f"{what}: that is no list")
    return value


def a_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise BundleDoesNotHold(f"{what}: that is no text")
    return value


def a_number(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise BundleDoesNotHold(f"{what}: that is no whole number, or too large for one of ours")
    return value


def hashes(value: Any, what: str) -> list[bytes]:
    """Errors: BundleDoesNotHold unless each is 32 bytes in base64."""
    digests = [strict_base64(a_text(text, what)) for text in a_list(value, what)]
    if any(digest is None or len(digest) != HASH_BYTES for digest in digests):
        raise BundleDoesNotHold(f"{what}: that is no hash of 32 bytes in base64")
    return [digest for digest in digests if digest is not None]
