"""The alterations of a bundle, and what notices each: the table in docs/audit.md is made of this."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.proof.bundle import END, ENTRIES, TEXT
from adapters.proof.note import SigningKey
from tests.adapters.proof.story import ANA, ANA_TOO, BEN, ORIGIN, Story, a_story, consent, named, sent

OTHER_KEY = SigningKey.generate(ORIGIN)
RECORDS = (ANA, ANA_TOO)


@dataclass
class Opened:
    """A bundle as JSON, to be changed and written again as bundles are written."""

    head: dict[str, Any]
    entries: list[dict[str, Any]]

    @classmethod
    def read(cls, text: str) -> Opened:
        head = json.loads(text)
        entries = head.pop("entries")
        return cls(head, entries)

    def text(self) -> str:
        lines = ",\n".join(map(TEXT.encode, self.entries))
        return f"{TEXT.encode(self.head)[:-1]},{ENTRIES}\n{lines}\n{END}\n"


Change = Callable[[Opened], None]


@dataclass(frozen=True)
class Tampering:
    """One way to alter a bundle. `whole`: of the whole log, else of a candidate. `needs`: what an auditor must have
    from elsewhere to notice, 'checkpoint' or 'key'. `ours`: what our refusal says."""

    what: str
    change: Change
    whole: bool = False
    needs: str | None = None
    ours: str = ""

    def bundle(self) -> str:
        """The altered bundle, one made of a story that is true."""
        opened = Opened.read(honest(whole=self.whole))
        self.change(opened)
        return opened.text()


def honest(*, whole: bool) -> str:
    story = a_story()
    return story.since(0, [4, 8]) if whole else story.of_candidate(ANA, RECORDS, [4, 8])


def flip(text: str, at: int = 12) -> str:
    """The base64 of other bytes of the same length."""
    data = bytearray(base64.b64decode(text))
    data[at % len(data)] ^= 1
    return base64.b64encode(bytes(data)).decode()


def in_leaf(number: int, member: str, value: Any) -> Change:
    def change(bundle: Opened) -> None:
        leaf = json.loads(bundle.entries[number]["leaf"])
        assert leaf[member] != value
        leaf[member] = value
        bundle.entries[number]["leaf"] = TEXT.encode(leaf)

    return change


def in_entry(number: int, member: str, value: Any) -> Change:
    def change(bundle: Opened) -> None:
        bundle.entries[number][member] = value

    return change


def in_clear(number: int, member: str, value: Any) -> Change:
    def change(bundle: Opened) -> None:
        assert bundle.entries[number]["clear"][member] != value
        bundle.entries[number]["clear"][member] = value

    return change


def in_opened(member: str, change_of: Callable[[str], str]) -> Change:
    def change(bundle: Opened) -> None:
        opened = bundle.entries[0]["opened"][0]
        opened[member] = change_of(opened[member])

    return change


def line_of_note(number: int, change_of: Callable[[str], str]) -> Change:
    def change(bundle: Opened) -> None:
        lines = bundle.head["checkpoint"].split("\n")
        lines[number] = change_of(lines[number])
        bundle.head["checkpoint"] = "\n".join(lines)

    return change


def of_signature(line: str) -> str:
    words = line.split(" ")
    return " ".join([*words[:2], flip(words[2], 40)])


def with_entries(change_of: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Change:
    def change(bundle: Opened) -> None:
        bundle.entries = change_of(bundle.entries)

    return change


def counted_anew(change_of: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Change:
    """The header's counts are changed with the entries."""

    def change(bundle: Opened) -> None:
        bundle.entries = change_of(bundle.entries)
        streams = [json.loads(entry["leaf"])["stream"] for entry in bundle.entries]
        bundle.head["records"] = [
            {"record": stream, "events": streams.count(stream)} for stream in dict.fromkeys(streams)
        ]

    return change


def in_head(member: str, value: Any) -> Change:
    def change(bundle: Opened) -> None:
        assert bundle.head[member] != value
        bundle.head[member] = value

    return change


def proof_of(number: int, change_of: Callable[[list[str]], list[str]]) -> Change:
    def change(bundle: Opened) -> None:
        bundle.entries[number]["proof"] = change_of(bundle.entries[number]["proof"])

    return change


def older(number: int, member: str, change_of: Callable[[Any], Any]) -> Change:
    def change(bundle: Opened) -> None:
        checkpoint = bundle.head["checkpoints"][number]
        checkpoint[member] = change_of(checkpoint[member])

    return change


def invented() -> Story:
    """Another history of the same length: the first send cites nothing, as if it had been forbidden."""
    story = Story()
    for index, row in enumerate(a_story().rows):
        clear = sent(None) if index == 5 else json.loads(row.clear)
        story.tell(row.stream, row.type, clear)
    return story


def replaced(bundle: Callable[[], str]) -> Change:
    """Replace the whole bundle by another one that is valid alone."""

    def change(opened: Opened) -> None:
        other = Opened.read(bundle())
        opened.head, opened.entries = other.head, other.entries

    return change


def with_bens_consent(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ben's consent stands among Ana's events, under its own proof."""
    every = Opened.read(a_story().of_candidate(BEN, [BEN]))
    return sorted([*entries, every.entries[1]], key=lambda entry: int(entry["index"]))


TAMPERINGS = (
    Tampering("a leaf: who did it", in_leaf(1, "actor", "user:mallory"), ours="leads to another root"),
    Tampering("a leaf: when it was", in_leaf(2, "occurred_at", "2026-01-01T00:00:00.000000Z"), ours="another root"),
    Tampering("a leaf: when it was recorded", in_leaf(1, "recorded_at", "2026-01-01T00:00:00.000000Z"), ours="another"),
    Tampering("a leaf: its type", in_leaf(1, "type", "consent-refused.v1"), ours="leads to another root"),
    Tampering("a leaf: whose personal data", in_leaf(0, "people", [BEN]), ours="leads to another root"),
    Tampering("a leaf: its log", in_leaf(0, "origin", "perennial.example/other"), ours="of another log"),
    Tampering("a leaf, of the whole log", in_leaf(4, "actor", "user:mallory"), whole=True, ours="signed root"),
    Tampering("the clear data: the purpose of a consent", in_clear(1, "purpose", "newsletter"), ours="clear data"),
    Tampering("the clear data: the end of a consent", in_clear(1, "valid_until", None), ours="clear data"),
    Tampering("the clear data, of the whole log", in_clear(5, "consent", named("x")), whole=True, ours="clear data"),
    Tampering(
        "the clear data and its hash in the leaf",
        lambda bundle: (
            in_entry(1, "clear", consent("newsletter"))(bundle),
            in_leaf(1, "clear_sha256", "00" * 32)(bundle),
        )[0],
        ours="leads to another root",
    ),
    Tampering(
        "a hash of an inclusion proof", proof_of(1, lambda proof: [flip(proof[0]), *proof[1:]]), ours="another root"
    ),
    Tampering("an inclusion proof cut short", proof_of(1, lambda proof: proof[:-1]), ours="too short"),
    Tampering("an inclusion proof drawn out", proof_of(1, lambda proof: [*proof, proof[0]]), ours="too long"),
    Tampering(
        "a hash that is not 32 bytes",
        proof_of(1, lambda proof: [base64.b64encode(bytes(31)).decode(), *proof[1:]]),
        ours="no hash of 32 bytes",
    ),
    Tampering("the index of an entry", in_entry(1, "index", 1), ours="leads to another root"),
    Tampering("the index of an entry of the whole log", in_entry(4, "index", 5), whole=True, ours="should"),
    Tampering("an index beyond the checkpoint", in_entry(7, "index", 11), ours="not in a tree of 11"),
    Tampering(
        "the hashes before a range",
        lambda bundle: bundle.head.update(range={"first": 4, "prefix": [flip("A" * 43 + "=")]}),
        whole=True,
        ours="should",
    ),
    Tampering("an entry dropped", with_entries(lambda all_: [*all_[:1], *all_[2:]]), ours="left out or put in"),
    Tampering("the last entry dropped", with_entries(lambda all_: all_[:-1]), ours="of a record are missing"),
    Tampering(
        "an entry dropped from the whole log", with_entries(lambda all_: all_[:-1]), whole=True, ours="signed root"
    ),
    Tampering(
        "a record dropped",
        counted_anew(lambda all_: [entry for entry in all_ if ANA_TOO not in entry["leaf"].split("stream")[1]]),
        ours="ever merged",
    ),
    Tampering("an entry doubled", with_entries(lambda all_: [*all_[:2], all_[1], *all_[2:]]), ours="order of the log"),
    Tampering(
        "entries in another order", with_entries(lambda all_: [all_[0], all_[2], all_[1], *all_[3:]]), ours="order"
    ),
    Tampering("an entry added: another person's consent", with_entries(with_bens_consent), ours="should stand"),
    Tampering(
        "an entry added to the whole log",
        with_entries(lambda all_: [*all_, {**all_[-1], "index": 11}]),
        whole=True,
        ours="order",
    ),
    Tampering("the candidate it is of", in_head("candidate", BEN), ours="ever merged"),
    Tampering("the checkpoint's size", line_of_note(1, lambda _: "12"), ours="of another text"),
    Tampering("the checkpoint's root", line_of_note(2, flip), ours="of another text"),
    Tampering("the checkpoint's log", line_of_note(0, lambda _: "perennial.example/other"), ours="of another text"),
    Tampering("the checkpoint's signature", line_of_note(4, of_signature), ours="of another text"),
    Tampering("the checkpoint's signature left out", line_of_note(4, lambda _: ""), ours="not the form of a note"),
    Tampering("the verifier key", in_head("verifier_key", str(OTHER_KEY.verifier)), ours="none of its signatures"),
    Tampering("the origin", in_head("origin", "perennial.example/other"), ours="of another log"),
    Tampering(
        "an older checkpoint replaced by one of another history",
        older(0, "note", lambda _: invented().checkpoint(8)),
        ours="does not",
    ),
    Tampering(
        "an older checkpoint not signed",
        older(0, "note", lambda note: note.replace("\n4\n", "\n3\n")),
        ours="another text",
    ),
    Tampering("a consistency proof cut", older(0, "proof", lambda proof: proof[:-1]), ours="does not hold"),
    Tampering(
        "a hash of a consistency proof", older(1, "proof", lambda proof: [flip(proof[0]), *proof[1:]]), ours="extend"
    ),
    Tampering(
        "older checkpoints in another order",
        lambda bundle: bundle.head["checkpoints"].reverse(),
        ours="order of their sizes",
    ),
    Tampering("the salt of an opened part", in_opened("salt", flip), ours="not what was sealed"),
    Tampering(
        "the text of an opened part", in_opened("plaintext", lambda text: text.replace("Zoë", "Eva")), ours="sealed"
    ),
    Tampering("whose the opened part is", in_opened("person", lambda _: BEN), ours="not what was sealed"),
    Tampering("the kind of bundle", in_head("format", "perennial-bundle/2"), ours="unknown to this version"),
    Tampering(
        "everything, signed with another key",
        replaced(lambda: invented().of_candidate(ANA, RECORDS, [4, 8], key=OTHER_KEY)),
        needs="key",
        ours="another key",
    ),
    Tampering(
        "everything, signed with another key, against a checkpoint",
        replaced(lambda: invented().of_candidate(ANA, RECORDS, [4, 8], key=OTHER_KEY)),
        needs="checkpoint",
        ours="none of its signatures",
    ),
    Tampering(
        "everything, signed with the log's own key",
        replaced(lambda: invented().of_candidate(ANA, RECORDS, [4, 8])),
        needs="checkpoint",
        ours="THE HISTORY WAS REWRITTEN",
    ),
)


NEEDS = {None: "nothing else", "checkpoint": "a checkpoint kept from before", "key": "the key from elsewhere"}


def table() -> str:
    """What docs/audit.md says of them."""
    head = ["| what was altered | in a bundle of | noticed with |", "|---|---|---|"]
    of = {True: "the whole log", False: "a candidate"}
    return "\n".join(
        [
            *head,
            *(f"| {tampering.what} | {of[tampering.whole]} | {NEEDS[tampering.needs]} |" for tampering in TAMPERINGS),
        ]
    )
