"""What a verified bundle shows, in plain words, and what it does not."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from adapters.proof.bundle import Person
from adapters.proof.bundle_verification import Verified
from adapters.proof.dispatch_rule import DispatchRule, Unauthorised


def shown(verified: Verified) -> Iterator[str]:
    """Yield the lines of the report on a verified bundle."""
    tree = verified.checkpoint
    yield "VERIFIED, with nothing but this file: every event in it stands in the signed log, word for word."
    yield f"  events     {verified.events}, {which(verified)}"
    if verified.recorded is not None:
        first, last = verified.recorded
        yield f"  recorded   {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"
    yield f"  log        {tree.origin}, {tree.size} events, root {base64.b64encode(tree.root).decode()}"
    yield f"  signed by  {verified.key}"
    if verified.key_was_compared:
        yield "             which is the key that you named"
    if verified.held is not None:
        yield f"  extends    the checkpoint of size {verified.held} that you hold: nothing before it was rewritten"
    if verified.older:
        older = "1 older checkpoint" if len(verified.older) == 1 else f"{len(verified.older)} older checkpoints"
        yield f"  extends    {older} in the bundle, from size {verified.older[0]} on"
    if verified.opened:
        parts = "1 sealed part" if verified.opened == 1 else f"{verified.opened} sealed parts"
        yield f"  opened     {parts}: what is laid open is what was sealed"


def which(verified: Verified) -> str:
    if isinstance(verified.of, Person):
        records = f"{len(verified.of.records)} record{'s' if len(verified.of.records) > 1 else ''}"
        return f"of {records} of candidate {verified.of.candidate}, without a gap from the first on"
    if verified.is_whole_log:
        return "which is every event up to the checkpoint: their hashes give its root"
    return f"every event from leaf {verified.of.first} up to the checkpoint: their hashes give its root"


def not_shown(verified: Verified) -> Iterator[str]:
    """Yield what it does not show, a line each."""
    if not verified.key_was_compared:
        yield "that the key is the log's own: compare it with one that you got elsewhere (--key does)"
    if verified.held is None:
        yield "that the log was not rewritten before: hold a checkpoint of your own against it (--checkpoint)"
    if isinstance(verified.of, Person):
        yield "that its records do not go on after their last events here: a bundle --since 0 leaves nothing out"
    yield f"anything recorded after leaf {verified.checkpoint.size - 1}, the last under this checkpoint"
    yield "that what was recorded is true; only that it was recorded, when, and has not been altered"


def on_dispatches(verified: Verified, rule: DispatchRule) -> tuple[bool, list[str]]:
    """(whether it is proved that nothing was sent without a consent, the sentences that say so or why not)."""
    if rule.unknown:
        places = "; ".join(f"{what}, first at leaf {index}" for what, index in rule.unknown.items())
        return False, [f"DISPATCHES: NOT PROVED. This version does not know: {places}. Ask with a newer one."]
    if not isinstance(verified.of, Person) and not verified.is_whole_log:
        return False, [
            f"DISPATCHES: NOT PROVED. This bundle begins at leaf {verified.of.first}: consents from before are "
            "not in it. Ask for one made with --since 0."
        ]
    sent = "to this person in these events" if isinstance(verified.of, Person) else "to all people up to the checkpoint"
    now = "" if rule.believed == rule.dispatches else f" ({rule.believed} as is believed now, after corrections)"
    lines = [
        f"DISPATCHES: {rule.dispatches} {sent}{now}, "
        f"{len(rule.exceptions) or 'none'} without a living consent of the right purpose and channel."
    ]
    lines += [f"  {described(exception)}" for exception in rule.exceptions]
    if rule.taken_back:
        lines.append(f"  {len(rule.taken_back)} more had none, until a correction said that it was not so:")
        lines += [f"  {described(exception)}" for exception in rule.taken_back]
    return not rule.exceptions, lines


def described(exception: Unauthorised) -> str:
    """Return one line about a dispatch without a consent."""
    when = f"{exception.at:%Y-%m-%d %H:%M:%S}"
    return (
        f"leaf {exception.index}, {when}: {exception.kind} for {exception.purpose}, record {exception.record}, "
        f"reported by {exception.reported_by}: {exception.why} (event {exception.event}, position {exception.position})"
    )
