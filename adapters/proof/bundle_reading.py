"""Reads a bundle line by line and strictly: what is not written exactly as bundles are written is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, NoReturn

from adapters.proof.bundle import END, ENTRIES, FORMAT, TEXT, Entry, Header, Older, Opened, Person, Range
from adapters.proof.note import strict_base64
from adapters.proof.tree import HASH_BYTES

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


class BundleDoesNotHold(Exception):
    """NOT VERIFIED: {why}. Trust nothing in this bundle; ask for it again, and keep this one."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__((self.__doc__ or "").format(why=why))


def read_header(file: IO[bytes]) -> Header:
    """The first line. Errors: BundleDoesNotHold."""
    line = next_line(file)
    if not line.endswith(ENTRIES):
        raise BundleDoesNotHold("this is no bundle: its first line is not one")
    told = parsed(f"{line}{END}", "the header")
    if tuple(told) != HEADER or told["entries"] != []:
        raise BundleDoesNotHold("the header has not the members of a bundle")
    if told["format"] != FORMAT:
        raise BundleDoesNotHold("it is of a format unknown to this version")
    return Header(
        origin=a_text(told["origin"], "the origin"),
        verifier_key=a_text(told["verifier_key"], "the verifier key"),
        checkpoint=a_text(told["checkpoint"], "the checkpoint"),
        checkpoints=[older_of(one) for one in a_list(told["checkpoints"], "the checkpoints")],
        of=what_it_is_of(told),
    )


def what_it_is_of(told: Mapping[str, Any]) -> Range | Person:
    if told["range"] is not None and told["candidate"] is None and told["records"] is None:
        found = an_object(told["range"], "range")
        return Range(a_number(found["first"], "where the range begins"), hashes(found["prefix"], "the prefix"))
    if told["range"] is not None or told["candidate"] is None:
        raise BundleDoesNotHold("it is neither of a range nor of a candidate")
    listed = [an_object(one, "record") for one in a_list(told["records"], "the records")]
    records = {a_text(one["record"], "a record"): a_number(one["events"], "a record's events") for one in listed}
    if len(records) != len(listed):
        raise BundleDoesNotHold("it lists a record twice")
    return Person(a_text(told["candidate"], "the candidate"), records)


def older_of(told: Any) -> Older:
    found = an_object(told, "older")
    return Older(a_text(found["note"], "an older checkpoint"), hashes(found["proof"], "a consistency proof"))


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


def entry_of(told: Mapping[str, Any], of: Range | Person) -> tuple[Entry, Mapping[str, Any]]:
    proved = () if isinstance(of, Range) else ("proof",)
    if tuple(told) not in (("index", "leaf", "clear", *proved), ("index", "leaf", "clear", *proved, "opened")):
        raise BundleDoesNotHold("an entry has not the members of one")
    index = a_number(told["index"], "an index")
    if not isinstance(told["clear"], dict) or told.get("opened") == []:
        raise BundleDoesNotHold(f"entry {index} is not written as entries are")
    entry = Entry(
        index=index,
        leaf=a_text(told["leaf"], "a leaf"),
        clear=TEXT.encode(told["clear"]),
        proof=hashes(told["proof"], f"the proof of entry {index}") if proved else None,
        opened=[opened_of(one) for one in a_list(told.get("opened", []), "what is opened")],
    )
    return entry, told["clear"]


def opened_of(told: Any) -> Opened:
    found = an_object(told, "opened")
    salt = strict_base64(a_text(found["salt"], "a salt"))
    if salt is None or len(salt) != SALT_BYTES:
        raise BundleDoesNotHold("a salt is not 32 bytes in base64")
    person, group = a_text(found["person"], "a person"), a_text(found["group"], "a group")
    return Opened(person, group, salt, a_text(found["plaintext"], "what was sealed"))


def next_line(file: IO[bytes]) -> str:
    """The next line without its end. Errors: BundleDoesNotHold where there is none, or one without an end."""
    line = file.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise BundleDoesNotHold("it is cut off, or is no bundle at all")
    try:
        return line[:-1].decode()
    except UnicodeDecodeError:
        raise BundleDoesNotHold("it is not in UTF-8") from None


def parsed(text: str, what: str) -> Mapping[str, Any]:
    """The object that the text writes in the one way. Errors: BundleDoesNotHold; of a name that stands twice too."""
    value: Any = None
    try:
        value = json.loads(text, parse_int=whole, parse_float=refuse, parse_constant=refuse)
        as_bundles_are = isinstance(value, dict) and TEXT.encode(value) == text
    except (ValueError, RecursionError):
        as_bundles_are = False
    if not as_bundles_are:
        raise BundleDoesNotHold(f"{what} is not written as bundles are: it was changed, or formatted anew")
    found: Mapping[str, Any] = value
    return found


def whole(number: str) -> int:
    """Errors: ValueError of one that is longer than any of ours."""
    return refuse(number) if len(number.lstrip("-")) > LONGEST_NUMBER else int(number)


def refuse(number: str) -> NoReturn:
    raise ValueError(number)


def an_object(told: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(told, dict) or tuple(told) != MEMBERS[what]:
        raise BundleDoesNotHold(f"one of its objects is no {what}")
    return told


def a_list(told: Any, what: str) -> list[Any]:
    if not isinstance(told, list):
        raise BundleDoesNotHold(f"{what}: that is no list")
    return told


def a_text(told: Any, what: str) -> str:
    if not isinstance(told, str):
        raise BundleDoesNotHold(f"{what}: that is no text")
    return told


def a_number(told: Any, what: str) -> int:
    if type(told) is not int or not 0 <= told < LARGEST:
        raise BundleDoesNotHold(f"{what}: that is no whole number, or too large for one of ours")
    return told


def hashes(told: Any, what: str) -> list[bytes]:
    """Errors: BundleDoesNotHold unless each is 32 bytes in base64."""
    found = [strict_base64(a_text(one, what)) for one in a_list(told, what)]
    if any(one is None or len(one) != HASH_BYTES for one in found):
        raise BundleDoesNotHold(f"{what}: that is no hash of 32 bytes in base64")
    return [one for one in found if one is not None]
