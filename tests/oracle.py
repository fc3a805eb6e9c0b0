"""What every metric must say of a log, worked out slowly in plain Python that shares no code with the product.

An event is a dict: position, stream, version, type, at (aware), clear (as stored). Days are local to ZONE.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
Log = list[dict[str, Any]]
Wanted = Mapping[str, str]
"""The segment: dimension -> value."""

ENGAGES = {"email-opened", "email-clicked", "email-replied", "meeting-held", "call-answered"}
CONTACTS = {"email-clicked", "email-replied", "meeting-held", "call-answered"}
FATES = {"email-sent": "sent", "email-bounced": "bounced", "email-opened": "opened", "email-clicked": "clicked",
         "email-replied": "replied", "text-sent": "sent"}  # fmt: skip


def local_day(moment: datetime | str) -> date:
    return when(moment).astimezone(ZoneInfo(ZONE)).date()


def when(moment: datetime | str) -> datetime:
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def of_type(log: Log, *names: str) -> Log:
    return [event for event in log if event["type"].removesuffix(".v1") in names]


def entries(log: Log) -> dict[str, dict[str, Any]]:
    """Per person the event that began their stream, with the segments that were completed since."""
    completed = {e["stream"]: e for e in of_type(log, "candidate-sourced", "candidate-referred") if e["version"] == 1}
    for event in of_type(log, "segments-completed"):
        first, clear = completed[event["stream"]], event["clear"]
        unknown = [name for name in ("source", "role", "location") if first["clear"][name] == "unknown"]
        completed[event["stream"]] = {**first, "clear": first["clear"] | {name: clear[name] for name in unknown}}
    return completed


def roots(log: Log) -> dict[str, str]:
    """Per record that is merged into another one the record that speaks for the person; others speak for themselves."""
    into: dict[str, str] = {}
    for event in of_type(log, "candidates-merged", "candidates-unmerged"):
        clear = event["clear"]
        if event["stream"] == clear["absorbed"]:
            into.pop(clear["absorbed"], None)
            if event["type"].startswith("candidates-merged"):
                into[clear["absorbed"]] = clear["survivor"]
    result = {}
    for record in into:
        root = record
        while root in into:
            root = into[root]
        result[record] = root
    return result


def merged_into(log: Log, record: str) -> UUID | None:
    """The record that speaks for the person, where it is another one."""
    root = roots(log).get(record)
    return None if root is None else UUID(root)


def records_of(log: Log, person: str) -> set[str]:
    """All records of the person that the record is of."""
    root = roots(log)
    everybody = {person, *entries(log), *root}
    return {record for record in everybody if root.get(record, record) == root.get(person, person)}


def standing(log: Log, facts: tuple[str, ...], reversals: tuple[str, ...]) -> Log:
    """The facts that stand: each reversal takes back the last before it that is dated no later, else the last."""
    standing_facts: Log = []
    for event in log:
        if event["type"].removesuffix(".v1") in facts:
            standing_facts.append(event)
        elif event["type"].removesuffix(".v1") in reversals and standing_facts:
            dated = [fact for fact in standing_facts if fact["at"] <= event["at"]]
            standing_facts.remove((dated or standing_facts)[-1])
    return standing_facts


def by_stream(log: Log) -> list[Log]:
    """The events of each stream."""
    streams: defaultdict[str, Log] = defaultdict(list)
    for event in log:
        streams[event["stream"]].append(event)
    return list(streams.values())


def hires(log: Log) -> Log:
    """The hires that were not undone."""
    own = by_stream(of_type(log, "candidate-hired", "candidate-unhired"))
    return [hire for stream in own for hire in standing(stream, ("candidate-hired",), ("candidate-unhired",))]


def fits(first: Mapping[str, Any] | None, wanted: Wanted) -> bool:
    return first is not None and all(first["clear"][dimension] == value for dimension, value in wanted.items())


def touches(log: Log) -> list[dict[str, Any]]:
    """The touchpoints as they stand after all corrections: person, kind, at, message, machine."""
    standing: dict[str, dict[str, Any]] = {}
    for event in of_type(log, "touchpoint-recorded", "touchpoint-corrected"):
        clear = event["clear"]
        if event["type"].startswith("touchpoint-recorded"):
            standing[clear["touchpoint"]] = {"person": event["stream"], "at": event["at"], **clear}
        elif clear["kind"] is None:
            del standing[clear["touchpoint"]]
        else:
            fresh = {name: clear[name] for name in ("kind", "message", "machine")}
            standing[clear["touchpoint"]] |= fresh | {"at": when(clear["at"])}
    return list(standing.values())


def nodes(log: Log, wanted: Wanted) -> dict[str, set[tuple[date, int]]]:
    """Per person of the segment: (day, 0) for activity, (day, 1) hired, (day, 2) opted out, of all their records."""
    by_person: defaultdict[str, set[tuple[date, int]]] = defaultdict(set)
    root = roots(log)

    def stands(record: str, at: datetime, rank: int) -> None:
        by_person[root.get(record, record)].add((local_day(at), rank))

    for event in of_type(log, "candidate-sourced", "candidate-referred"):
        stands(event["stream"], event["at"], 0)
    for touch in touches(log):
        if touch["kind"] in ENGAGES and not touch["machine"]:
            stands(touch["person"], touch["at"], 0)
    for event in hires(log):
        stands(event["clear"]["candidate"], event["at"], 1)
    for event in of_type(log, "consent-withdrawn"):
        clear = event["clear"]
        if clear["purpose"] == "talent_pool" and clear["entirely"] and clear["method"] != "merge":
            stands(event["stream"], event["at"], 2)
    first = entries(log)
    return {person: line for person, line in by_person.items() if fits(first.get(person), wanted)}


def active_at_end_of(log: Log, day: date, wanted: Wanted) -> int:
    """How many people are active at the end of a day: straight from the definition."""

    def is_active(line: set[tuple[date, int]]) -> bool:
        return any(
            rank == 0 and begun <= day < begun + timedelta(180)
            and not any(left and begun <= end <= day for end, left in line)
            for begun, rank in line
        )  # fmt: skip

    return sum(is_active(line) for line in nodes(log, wanted).values())


def flows(log: Log, wanted: Wanted) -> Counter[tuple[date, str]]:
    """(day, what) -> how many, walking along every person's line."""
    counted: Counter[tuple[date, str]] = Counter()
    for line in nodes(log, wanted).values():
        counted.update(_walk(sorted(line)))
    return counted


def _walk(line: list[tuple[date, int]]) -> Iterable[tuple[date, str]]:
    state, until = "never", date.max
    for day, rank in line:
        if state == "active" and (day > until or (rank and day == until)):
            yield until, "dormant"
            state = "asleep"
        if rank == 0:
            if state != "active":
                yield day, "new" if state == "never" else "reactivated"
            state, until = "active", day + timedelta(180)
        else:
            if state == "active":
                yield day, "exited.hired" if rank == 1 else "exited.opted-out"
            state = "never" if state == "never" else "left"
    if state == "active":
        yield until, "dormant"


def engagement(log: Log, begins: date, ends: date, wanted: Wanted, window: int) -> Counter[str]:
    """sent, bounced, opened (any, human, machine), clicked, replied of the messages sent in the period."""
    first, root = entries(log), roots(log)
    by_message: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for touch in touches(log):
        person = root.get(touch["person"], touch["person"])
        if touch["message"] is not None and touch["kind"] in FATES and fits(first.get(person), wanted):
            by_message[touch["message"], person].append(touch)
    counted: Counter[str] = Counter()
    for fates in by_message.values():
        sent = min((fate["at"] for fate in fates if FATES[fate["kind"]] == "sent"), default=None)
        if sent is not None and begins <= local_day(sent) < ends:
            counted.update(_message(fates, sent, window))
    return counted


def _message(fates: list[dict[str, Any]], sent: datetime, window: int) -> set[str]:
    """What became of it for the person: bounced where it came back from all records that it went to."""
    of: defaultdict[str, set[str]] = defaultdict(set)
    for fate in fates:
        of[fate["person"]].add(FATES[fate["kind"]])
    if any("bounced" in own and "sent" not in own for own in of.values()) or all(
        "bounced" in own for own in of.values() if "sent" in own
    ):
        return {"sent", "bounced"}
    reached, seen = {"sent"}, [fate for fate in fates if "bounced" not in of[fate["person"]]]
    for fate in seen:
        what, in_time = FATES[fate["kind"]], fate["at"] - sent < timedelta(window)
        if what == "opened" and in_time:
            reached |= {"opened", "opened.machine" if fate["machine"] else "opened.human"}
        elif what in ("clicked", "replied") and in_time and not fate["machine"]:
            reached.add(what)
    return reached | ({"clicked.opened"} if {"clicked", "opened.human"} <= reached else set())


def touchpoint_counts(log: Log, begins: date, ends: date, wanted: Wanted) -> Counter[tuple[date, str]]:
    """Touchpoints, not people: each is of the segment of the record that it was recorded for."""
    first = entries(log)
    return Counter(
        (local_day(touch["at"]), touch["kind"])
        for touch in touches(log)
        if begins <= local_day(touch["at"]) < ends and fits(first.get(touch["person"]), wanted)
    )


def consents(log: Log, person: str, moment: datetime) -> dict[tuple[str, str], str]:
    """(purpose, channel) -> given or denied at that moment, by the answers of all records of the person."""
    records = records_of(log, person)
    answers = [(e, answer) for e in log if e["stream"] in records and counts(log, e, moment) for answer in _answers(e)]
    states: dict[tuple[str, str], str] = {}
    for _, (purpose, channel, _, _) in answers:
        about = [(e["at"], status, until) for e, (p, c, status, until) in answers
                 if p == purpose and c in (channel, "*")]  # fmt: skip
        last = max(at for at, _, _ in about)
        statuses = {
            "expired" if until is not None and until <= moment else status for at, status, until in about if at == last
        }
        states[purpose, channel] = "given" if statuses == {"given"} else "denied"
    return states


def expiring(log: Log, now: datetime, until: datetime) -> dict[tuple[str, str, datetime, int], set[str]]:
    """(person, purpose, end, position) -> the channels of each yes that decides now and ends after now, by `until`."""
    ends: defaultdict[tuple[str, str, datetime, int], set[str]] = defaultdict(set)
    root = roots(log)
    for event in of_type(log, "consent-given"):
        for purpose, channel, _, end in _answers(event):
            person = root.get(event["stream"], str(event["stream"]))
            deciding = decisive(log, person, purpose, channel, now)
            living = all(status == "given" and (to is None or to > now) for _, status, to in deciding)
            if (
                end is not None
                and now < end <= until
                and living
                and event in [decisive_event for decisive_event, _, _ in deciding]
            ):
                ends[person, purpose, end, event["position"]].add(channel)
    return dict(ends)


def decisive(
    log: Log, person: str, purpose: str, channel: str, moment: datetime
) -> list[tuple[dict[str, Any], str, datetime | None]]:
    """The newest answers by then to the purpose on the channel: event, status, until when."""
    records = records_of(log, person)
    about = [(event, status, until) for event in log if event["stream"] in records and counts(log, event, moment)
             for p, c, status, until in _answers(event) if p == purpose and c in (channel, "*")]  # fmt: skip
    last = max((event["at"] for event, _, _ in about), default=None)
    return [answer for answer in about if answer[0]["at"] == last]


def dispatches(log: Log) -> list[dict[str, Any]]:
    """Everything that we sent, as it stands after all corrections, the newest first.

    What was corrected to another kind or time is judged again: by the answers known when it was corrected.
    """
    recorded, standing = {}, {}
    for number, event in enumerate(log):
        clear = event["clear"]
        if event in of_type([event], "touchpoint-recorded"):
            recorded[clear["touchpoint"]] = event
            standing[clear["touchpoint"]] = _as_recorded(event)
        elif event in of_type([event], "touchpoint-corrected"):
            standing[clear["touchpoint"]] = _as_corrected(log[: number + 1], recorded[clear["touchpoint"]], event)
    root = roots(log)
    sent = [
        {**dispatch, "candidate": root.get(dispatch["record"], dispatch["record"])}
        for dispatch in standing.values()
        if dispatch
    ]
    return sorted(sent, key=lambda dispatch: (dispatch["at"], dispatch["touchpoint"]), reverse=True)


CHANNELS = {"email-sent": "email", "text-sent": "text"}
"""What is sent, of the kinds of the histories; all of it is for the talent pool unless it says another purpose."""


def _as_recorded(event: dict[str, Any]) -> dict[str, Any] | None:
    clear = event["clear"]
    if clear["kind"] not in CHANNELS:
        return None
    return {"touchpoint": clear["touchpoint"], "record": event["stream"], "at": event["at"], "kind": clear["kind"],
            "channel": CHANNELS[clear["kind"]], "purpose": clear["purpose"] or "talent_pool",
            "standing": "authorised" if clear["authorised"] else "exception", "consent": clear["consent"],
            "event": event["position"], "corrected_by": None, "position": event["position"]}  # fmt: skip


def _as_corrected(log: Log, recorded: dict[str, Any], event: dict[str, Any]) -> dict[str, Any] | None:
    clear, was = event["clear"], _as_recorded(recorded)
    now = _as_recorded({**event, "at": when(clear["at"] or clear["was_at"]),
                        "clear": {**recorded["clear"], **clear, "authorised": False, "consent": None}})  # fmt: skip
    if now is None:
        return None
    now["corrected_by"] = event["position"]
    if was is None:
        now["purpose"] = "talent_pool"
    else:
        now["event"] = was["event"]
        if (was["kind"], was["at"]) == (now["kind"], now["at"]):
            return {**now, "standing": was["standing"], "consent": was["consent"]}
    cited = [event for event in log if str(UUID(int=event["position"])) == (was or now)["consent"]]
    now["consent"] = (was or now)["consent"]
    return {**now, "standing": "authorised" if cited and _covers(log, cited[0], now) else "exception"}


def _covers(log: Log, consent: dict[str, Any], sent: dict[str, Any]) -> bool:
    """Whether that very consent allows the dispatch, and no answer of the person took it back, or renewed it for less
    long, by then."""
    records = records_of(log, sent["record"])
    about = [(event, status, until) for event in log if event["stream"] in records and counts(log, event, sent["at"])
             for purpose, channel, status, until in _answers(event)
             if purpose == sent["purpose"] and channel in (sent["channel"], "*")]  # fmt: skip
    nos = [event["at"] for event, status, until in about if status != "given" or (until and until <= sent["at"])]
    return any(
        event is consent and status == "given" and (until is None or until > sent["at"])
        and not any(at >= consent["at"] for at in nos)
        for event, status, until in about
    )  # fmt: skip


def counts(log: Log, event: dict[str, Any], moment: datetime) -> bool:
    """Whether it was so by then, and what a merge withheld was withheld still."""
    named = str(UUID(int=event["position"]))
    ended = [
        ending["at"] for ending in of_type(log, "consent-withholding-ended") if ending["clear"]["withheld"] == named
    ]
    return bool(event["at"] <= moment and not any(end <= moment for end in ended))


def _answers(event: dict[str, Any]) -> list[tuple[str, str, str, datetime | None]]:
    clear, name = event["clear"], event["type"].removesuffix(".v1")
    status = {
        "consent-given": "given", "consent-refused": "refused", "consent-withdrawn": "withdrawn",
        "consent-withheld": "withheld",
    }.get(name)  # fmt: skip
    if status is None:
        return []
    until = when(clear["valid_until"]) if clear.get("valid_until") else None
    channels = ["*"] if clear.get("entirely") else clear["channels"]
    return [(clear["purpose"], channel, status, until) for channel in channels]


def candidate(log: Log, person: str) -> dict[str, Any] | None:
    """The summary of the person that the record is of; None if no record has entered."""
    records, root = records_of(log, person), roots(log).get(person, person)
    entered = [entry for record, entry in entries(log).items() if record in records]
    first = entries(log).get(root)
    if first is None:
        return None
    mine = [touch for touch in touches(log) if touch["person"] in records and not touch["machine"]]
    contacts = [touch["at"] for touch in mine if touch["kind"] in CONTACTS]
    engaged = [touch["at"] for touch in mine if touch["kind"] in ENGAGES]
    own = [event for event in log if event["clear"].get("candidate") in records]
    return {
        "merged_into": merged_into(log, person),
        "entered_at": min(entry["at"] for entry in entered),
        **{dimension: first["clear"][dimension] for dimension in ("source", "role", "location")},
        "contacts": len(contacts),
        "engagements": len(engaged),
        "last_contact": max(contacts, default=None),
        "last_engagement": max(engaged, default=None),
        "prospects": len(of_type(own, "prospect-added")),
        "applications": len(of_type(own, "application-submitted")),
        "hired_at": min((hire["at"] for hire in hires(own)), default=None),
    }


def communities(log: Log, record: str, moment: datetime) -> dict[str, tuple[datetime, str]]:
    """Community -> since when, by whom, of the person that the record is of."""
    memberships: dict[str, tuple[datetime, str]] = {}
    for own_record in records_of(log, record):
        turns = [event for event in of_type(log, "community-joined", "community-left") if event["stream"] == own_record]
        runs: dict[str, tuple[datetime, str]] = {}
        for turn in sorted(turns, key=lambda turn: (turn["at"], turn["position"])):
            community = turn["clear"]["community"]
            if turn["at"] <= moment and turn["type"].startswith("community-left"):
                runs.pop(community, None)
            elif turn["at"] <= moment:
                runs.setdefault(community, (turn["at"], turn["clear"]["by"]))
        for community, (since, by) in runs.items():
            if community not in memberships or since < memberships[community][0]:
                memberships[community] = since, by
    return memberships


def members(log: Log, community: str, moment: datetime) -> dict[str, datetime]:
    """Person -> since when they are in it, sorted by the person."""
    root = roots(log)
    records: set[str] = {event["stream"] for event in of_type(log, "community-joined")}
    people = sorted({root.get(record, record) for record in records})
    held = {person: communities(log, person, moment).get(community) for person in people}
    return {person: membership[0] for person, membership in held.items() if membership is not None}


def accesses(log: Log, candidate: str | None, **wanted: Any) -> list[tuple[int, str, str, list[str]]]:
    """(position, reader, kind, people) of those who saw any record of the person, the newest first.

    wanted: reader, kind, begins, ends; None: any.
    """
    records = None if candidate is None else records_of(log, candidate)
    rows = []
    for event in reversed(of_type(log, "people-viewed", "people-searched", "people-exported")):
        kind, people = event["type"].removeprefix("people-").removesuffix(".v1"), event["clear"]["people"]
        fits = [
            records is None or bool(records & set(people)),
            wanted["reader"] in (None, event["actor"]),
            wanted["kind"] in (None, kind),
            wanted["begins"] is None or wanted["begins"] <= event["at"],
            wanted["ends"] is None or event["at"] < wanted["ends"],
        ]
        if all(fits):
            rows.append((event["position"], event["actor"], kind, people))
    return rows


def referrals(log: Log, referrer: str) -> list[tuple[str, datetime, str]]:
    """(referral, when it was made, its stage), the newest first, of the person that the record is of."""
    records = records_of(log, referrer)
    made = [event for event in of_type(log, "referral-made") if event["clear"]["referrer"] in records]
    return [(event["stream"], event["at"], _referral_stage(log, event["stream"])) for event in reversed(made)]


FARTHER = ("made", "accepted", "declined", "closed", "applied", "interviewing", "offered", "hired", "credited")


def _referral_stage(log: Log, referral: str) -> str:
    own = [event for event in log if event["stream"] == referral]
    stages = ["made"]
    if of_type(own, "referral-accepted"):
        stages.append("accepted")
    if of_type(own, "referral-declined"):
        stages.append("declined")
    for turned in of_type(own, "referral-turned-into-application"):
        application = turned["clear"]["application"]
        stage = _application_stage([event for event in log if event["stream"] == application])
        credited = [
            event for event in of_type(own, "referral-credited") if event["clear"]["application"] == application
        ]
        stages.append("credited" if stage == "hired" and credited else stage)
    return max(stages, key=FARTHER.index)


def _application_stage(own: Log) -> str:
    """Hired or ended while such a fact stands; offered while an offer of this job does; else by its stage."""
    if hires(own):
        return "hired"
    rejected = standing(own, ("application-rejected",), ("application-unrejected",))
    if rejected or of_type(own, "application-withdrawn"):
        return "closed"
    if any(not offer["gone"] for offer in _offers(own)):
        return "offered"
    moved = of_type(own, "stage-entered", "application-moved-back", "application-transferred")
    moved.sort(key=lambda event: (event["at"], event["position"]))
    stage = moved[-1]["clear"].get("stage") if moved else None
    return {None: "applied", "offer": "offered"}.get(stage, "interviewing")


def _offers(own: Log) -> Log:
    """Every offer with its `at` and `accepted`, and whether it is `gone`, which a no has answered."""
    offers: Log = []
    declines: list[tuple[Any, dict[str, Any]]] = []
    for event in own:
        name, at = event["type"].removesuffix(".v1"), event["at"]
        out = [offer for offer in offers if not offer["gone"]]
        waiting = [offer for offer in out if offer["accepted"] is None]
        later = [offer for offer in out if offer["accepted"] and offer["accepted"] >= at]
        later = [offer for offer in later if offer.get("unmade") or offer["at"] <= at]
        answered = min(later, key=lambda offer: offer["accepted"]) if later else None
        if name == "offer-made" and answered is not None:
            if not answered.get("unmade"):
                offers.append({"at": answered["at"], "accepted": None, "gone": False})
            answered.update(at=at, unmade=False)
        elif name == "offer-made":
            offers.append({"at": at, "accepted": None, "gone": False})
        elif name == "offer-accepted" and waiting:
            earlier = [offer for offer in waiting if offer["at"] <= at]
            newest = max(reversed(earlier), key=lambda offer: offer["at"]) if earlier else waiting[-1]
            newest |= {"accepted": at, "as": event["position"]}
        elif name == "offer-accepted":
            offers.append({"at": at, "accepted": at, "gone": False, "as": event["position"], "unmade": True})
        elif name == "offer-declined":
            answered = ([offer for offer in waiting if offer["at"] <= at] or waiting)[-1] if waiting else {}
            answered["gone"] = True
            declines.append((at, answered))
        elif name == "offer-decline-taken-back" and declines:
            number = declines.index(([decline for decline in declines if decline[0] <= at] or declines)[-1])
            _, back = declines.pop(number)
            back["gone"] = False
            offers = [offer for offer in offers if offer is not back] + [back] * (
                "at" in back
            )  # told anew, it comes last
        elif name == "offer-rescinded" and len(waiting) < len(out):
            taken = sorted((offer for offer in out if offer["accepted"]), key=lambda offer: offer["as"])
            ([offer for offer in taken if offer["accepted"] <= at] or taken)[-1]["gone"] = True
        elif name == "offer-rescinded" and out:
            ([offer for offer in out if offer["at"] <= at] or out)[-1]["gone"] = True
    return offers
