"""A person's consents as a bundle tells them: what was asked, who answered, until when, and what was sent because."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from adapters.proof.bundle_reading import BundleDoesNotHold
from adapters.proof.logged_event import LoggedEvent
from domain.touchpoint_kinds import KINDS

NOTICED = {
    "consent-requested.v1": "asked",
    "consent-given.v1": "given",
    "consent-refused.v1": "refused",
    "consent-withdrawn.v1": "withdrawn",
    "consent-expired.v1": "expired",
    "consent-withheld.v1": "withheld",
    "consent-withholding-ended.v1": "restored",
    "erasure-requested.v1": "erasure",
    "candidate-erased.v1": "erased",
    "candidates-merged.v1": "merged",
    "candidates-unmerged.v1": "unmerged",
}
LATE = timedelta(minutes=1)
"""Learned later than it happened by at least this: both times are shown."""


@dataclass(slots=True)
class Trail:
    """Hears the events of a person's bundle, and writes what matters of them, one line an event."""

    heard: list[LoggedEvent] = field(default_factory=list)
    sends: Counter[str] = field(default_factory=Counter)
    """How many dispatches cite each consent."""

    def hear(self, event: LoggedEvent) -> None:
        """One more event."""
        if event.type in NOTICED:
            self.heard.append(event)
        elif event.type == "touchpoint-recorded.v1" and is_dispatch(event):
            self.heard.append(event)
            self.sends[str(event.clear.get("consent"))] += 1

    def lines(self) -> Iterator[str]:
        """In the order of the log; what several records of the person have in common is shown once.

        Errors: BundleDoesNotHold where an event is none that this version could write.
        """
        lines = Counter(self._line(event) for event in self.heard)
        for line, records in lines.items():
            yield line if records == 1 else f"{line} (in {records} records)"

    def _line(self, event: LoggedEvent) -> str:
        try:
            what, words = self._said(event)
        except (KeyError, TypeError) as error:
            raise BundleDoesNotHold(f"leaf {event.index} is no {event.type} as this version knows it") from error
        late = event.recorded_at - event.at >= LATE
        recorded = f" (recorded {event.recorded_at:%Y-%m-%d %H:%M:%S})" if late else ""
        return f"{event.at:%Y-%m-%d %H:%M:%S}  {what:9}  {words}{recorded}"

    def _said(self, event: LoggedEvent) -> tuple[str, str]:
        clear = event.clear
        match event.type:
            case "consent-requested.v1":
                return "asked", f"{for_what(clear)}; {notice(clear)}; {clear['method']}"
            case "consent-given.v1":
                return "given", f"{for_what(clear)}; {notice(clear)}; {answer(clear)}; {self._until(event)}"
            case "consent-refused.v1":
                return "refused", f"{for_what(clear)}; {notice(clear)}; {answer(clear)}"
            case "consent-withheld.v1":
                return "withheld", f"{for_what(clear)}; since the merge with {partner(event)}"
            case "consent-withholding-ended.v1":
                return "restored", f"{for_what(clear)}; withheld no longer, the merge with {partner(event)} is undone"
            case "consent-withdrawn.v1" if clear["method"] == "merge":
                return "withheld", f"{for_what(clear)}; since the merge"
            case "consent-withdrawn.v1":
                left = "nothing of it is left" if clear["entirely"] else "the rest of it stands"
                return "withdrawn", f"{for_what(clear)}; {clear['method']}; {left}"
            case "consent-expired.v1":
                return "expired", f"{for_what(clear)}; it was consent {clear['consent']}"
            case "touchpoint-recorded.v1":
                cited = "WITHOUT a consent" if clear["consent"] is None else f"by consent {clear['consent']}"
                return "sent", f"{clear['kind']} for {clear['purpose']}, {cited}; reported by {clear['reported_by']}"
            case "erasure-requested.v1":
                return "erasure", f"asked for by {clear['by']} ({clear['ground']})"
            case "candidate-erased.v1":
                return "erased", f"its key is destroyed; no copy can be opened after {clear['effective_by'][:10]}"
        return NOTICED[event.type], f"the records {clear['survivor']} and {clear['absorbed']}"

    def _until(self, event: LoggedEvent) -> str:
        until, sends = event.clear["valid_until"], self.sends[event.event]
        end = "no end" if until is None else f"until {until[:10]}"
        return f"{end}; consent {event.event}, cited by {sends} {'send' if sends == 1 else 'sends'}"


def partner(event: LoggedEvent) -> str:
    """Return the other record of the merge that the event names."""
    return str(event.clear["survivor"] if event.stream == event.clear["absorbed"] else event.clear["absorbed"])


def is_dispatch(event: LoggedEvent) -> bool:
    row = KINDS.get(str(event.clear.get("kind")))
    return row is not None and row.direction == "outbound"


def for_what(clear: Any) -> str:
    return f"{clear['purpose']} on {', '.join(clear['channels'])}"


def notice(clear: Any) -> str:
    """Return the wording: its name and version, and the beginning of its hash if there is one."""
    hashed = clear.get("notice_sha256")
    return f"notice {clear['notice']} {clear['notice_version']}{f' (sha256 {hashed[:12]}...)' if hashed else ''}"


def answer(clear: Any) -> str:
    return f"answered by {clear['answered_by']} ({clear['method']})"
