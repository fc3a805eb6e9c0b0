"""People who stand in our records twice: their second records, the merges of these, and what merges take back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

import numpy as np

from adapters.lab.synthetic import shape
from adapters.lab.synthetic.columns import DAY, FOREVER, HOUR, NONE, Block, Column, Type, block, joined
from adapters.lab.synthetic.families import BY_MAIL, CHANNELS, EVERY_CHANNEL, SAID_NO, Answer, Families, Merges
from adapters.lab.synthetic.people import (
    BY_MERGE,
    BY_PORTAL,
    ENTIRELY,
    People,
    Rng,
    chosen,
    consent_numbers,
    consents,
    nurture,
    renewed_before,
    spread,
    withdrawals,
)
from adapters.lab.synthetic.shape import Frame


def with_second_records(frame: Frame, rng: Rng, people: People) -> People:
    """Return the same people, some entered again from another source, and a few of these a third time."""
    planted = frame.planted
    seconds = entered_again(frame, rng, people, np.arange(len(people)), planted.second_records)
    again = np.arange(len(people), len(people) + len(seconds))
    both = appended(people, seconds)
    return appended(both, entered_again(frame, rng, both, again, planted.third_records))


def entered_again(frame: Frame, rng: Rng, people: People, of: Column, share: float) -> People:
    """Further records for this share of the records named, each with answers of its own for the talent pool."""
    planted = frame.planted
    which = np.sort(rng.permutation(of)[: round(len(of) * share)])
    wait = spread(rng, planted.second_after_median_days, 0.9, len(which))
    entered = people.entered[which] + DAY + (wait * DAY).astype(np.int64)
    which, entered = which[entered < frame.end - 30 * DAY], entered[entered < frame.end - 30 * DAY]
    number = len(which)
    elsewhere = chosen(rng, shape.SOURCE_WEIGHTS[1:-1], number) + 1
    source = np.where(elsewhere == people.source[which], elsewhere % (len(shape.SOURCES) - 2) + 1, elsewhere)
    other_role = rng.random(number) < planted.second_of_other_role
    role = np.where(other_role, chosen(rng, shape.ROLE_WEIGHTS, number), people.role[which])
    given, refused, renewed = consents(frame, rng, entered)
    nurtured = nurture(frame, rng, source, given)
    withdrawn, by, everything = withdrawals(frame, rng, given, renewed, nurtured)
    channels = chosen(rng, shape.CHANNEL_SET_WEIGHTS, number)
    return replace(
        people,
        entered=entered,
        source=source,
        role=role,
        location=people.location[which],
        referrer=np.full(number, NONE),
        channels=channels,
        given=given,
        refused=refused,
        renewed=renewed_before(renewed, withdrawn),
        withdrawn=withdrawn,
        withdrawn_by=by,
        withdrawn_all=everything,
        leaves_nothing=everything | (channels == 0),
        nurtured_from=np.where(nurtured < np.minimum(withdrawn, frame.end - 2 * DAY), nurtured, FOREVER),
        same_as=which,
        known_from=entered,
        imported=np.zeros(number, np.bool_),
        silent_from=np.full(number, FOREVER),
    )


def appended(people: People, more: People) -> People:
    """Return all people of both, in this order."""
    columns = [
        single_field.name
        for single_field in fields(People)
        if isinstance(getattr(people, single_field.name), np.ndarray)
    ]
    return replace(people, **{name: np.r_[getattr(people, name), getattr(more, name)] for name in columns})


def merges(frame: Frame, rng: Rng, people: People) -> Merges:
    """Return when which second records are merged with the records they duplicate, and which merges are undone."""
    planted = frame.planted
    second = np.arange(people.first_records, len(people))
    luck, wait, younger, undone_after = rng.random((4, len(second)))
    merged_after = DAY + (planted.merged_after_median_days * DAY * -np.log2(1 - wait)).astype(np.int64)
    undone_after = HOUR + (planted.unmerged_after_median_days * DAY * -np.log2(1 - undone_after)).astype(np.int64)
    undo = rng.random(len(second)) < planted.unmerged
    speaks = np.arange(len(people))  # for whom the next merge of a person is made
    latest = people.known_from.copy()
    rows: list[tuple[int, int, int, int]] = []
    for row, record in enumerate(second.tolist()):
        other = int(speaks[people.same_as[record]])
        at = int(max(latest[record], latest[other]) + merged_after[row])
        if luck[row] < planted.merged and at < frame.end - DAY:
            survivor, absorbed = (record, other) if younger[row] < planted.younger_survives else (other, record)
            undone = at + int(undone_after[row])
            rows.append((survivor, absorbed, at, undone if undo[row] and undone < frame.end - DAY else FOREVER))
            speaks[[record, other, people.same_as[record]]] = survivor
            latest[survivor] = at
    return Merges(*np.array(rows, np.int64).reshape(-1, 4).T)


def with_merges(frame: Frame, made: Merges, people: People) -> tuple[People, Block]:
    """Return the people as they are after these merges, and the events of the merges.

    An absorbed record is asked for no consent and sent nothing as long as it is absorbed.
    """
    families = Families.of(made)
    renewed, nurtured = people.renewed.copy(), people.nurtured_from.copy()
    parameters = renewed[made.absorbed]
    renewed[made.absorbed] = np.where((parameters >= made.at) & (parameters < made.undone), FOREVER, parameters)
    people = replace(people, renewed=renewed, families=families)
    lived = Lives(frame, people, families)
    lived_block = lived.lived()
    silent, leaves = people.silent_from.copy(), people.leaves_nothing.copy()
    np.minimum.at(silent, made.absorbed, made.at)
    for record, at in lived.silenced.items():
        silent[record] = min(silent[record], at)
    for record, nothing in lived.leaves_nothing.items():
        leaves[record] = nothing
    nurtured = np.where(nurtured >= silent, FOREVER, nurtured)
    people = replace(people, silent_from=silent, leaves_nothing=leaves, nurtured_from=nurtured)
    return people, joined([merge_events(made), lived_block])


GIVE, REFUSE, WITHDRAW, MERGE = range(4)


@dataclass(slots=True)
class Lives:
    """The answers of all merged records played through in the order in which they came, each merge in its place."""

    frame: Frame
    people: People
    families: Families
    silenced: dict[int, int] = field(default_factory=dict)
    leaves_nothing: dict[int, bool] = field(default_factory=dict)

    def lived(self) -> Block:
        """Return the withdrawals that merges make; store the answers in the families."""
        withdrawn: list[tuple[int, int, int, bool, int, int]] = []
        for at, what, record, number in sorted(self.course()):
            if what == MERGE:
                withdrawn += self.merged(number, at)
            elif what == WITHDRAW:
                self.withdraw(record, at)
            else:
                self.answer(record, at, what, number)
        records, times, channels, entirely, step, survivor = np.array(withdrawn, np.int64).reshape(-1, 6).T
        flag = BY_MERGE + ENTIRELY * entirely
        whose = {"stream": records, "person": records, "other": survivor}
        return block(Type.WITHDRAWN, times, times, flag=flag, code=channels, step=step, **whose)

    def course(self) -> Iterator[tuple[int, int, int, int]]:
        """(when, what, record, number of the consent or the merge) of all that happened to merged records."""
        people, (first, again) = self.people, consent_numbers(self.people)
        answers = ((GIVE, people.given, first), (GIVE, people.renewed, again), (REFUSE, people.refused, first))
        for record in self.families.answers:
            for what, times, numbers in (*answers, (WITHDRAW, people.withdrawn, first)):
                if times[record] != FOREVER:
                    yield int(times[record]), what, record, int(numbers[record])
        made = self.families.merges
        for number, (at, survivor) in enumerate(zip(made.at.tolist(), made.survivor.tolist(), strict=True)):
            yield at, MERGE, survivor, number

    def answer(self, record: int, at: int, what: int, consent: int) -> None:
        yes = Answer(at, CHANNELS[self.people.channels[record]], consent, at + self.term)
        self.families.answers[record].append(yes if what == GIVE else Answer(at, EVERY_CHANNEL))

    @property
    def term(self) -> int:
        return self.frame.planted.consent_valid_days * DAY

    def withdraw(self, record: int, at: int) -> None:
        """Withdraw the candidate's own consent, in the record it was given to and in the one that speaks for them."""
        people = self.people
        by_portal = people.withdrawn_by[record] == BY_PORTAL and people.withdrawn_all[record]
        taken = EVERY_CHANNEL if by_portal else BY_MAIL
        entirely = not self.families.open_channels(record, at, at) & ~taken
        self.leaves_nothing[record] = entirely
        self.take(record, at, EVERY_CHANNEL if entirely else taken)
        root = self.families.root(record, at)
        if root != record:
            self.take(root, at, EVERY_CHANNEL if entirely else taken)

    def merged(self, number: int, at: int) -> Iterator[tuple[int, int, int, bool, int, int]]:
        """Yield what is withdrawn from both records: the channels that one of them had open and the other had shut."""
        made, families = self.families.merges, self.families
        survivor, absorbed = int(made.survivor[number]), int(made.absorbed[number])
        denied = 0
        for channel in [1 << bit for bit in range(EVERY_CHANNEL.bit_length())]:
            gates = [families.consent(record, channel, at, at - 1) for record in (survivor, absorbed)]
            denied |= channel if max(gates) >= 0 and SAID_NO in gates else 0
        if denied:
            entirely = not families.open_channels(survivor, at, at) & ~denied
            for record, step in ((absorbed, 1), (survivor, 3)):
                self.take(record, at, EVERY_CHANNEL if entirely else denied)
                yield record, at, denied, entirely, step, survivor

    def take(self, record: int, at: int, channels: int) -> None:
        self.families.answers[record].append(Answer(at, channels))
        if channels & BY_MAIL:
            self.silenced[record] = min(at, self.silenced.get(record, FOREVER))


def merge_events(made: Merges) -> Block:
    """Each merge in the stream of the absorbed record, then in the survivor's, and so each undoing."""
    parts = []
    for type_, times in ((Type.MERGED, made.at), (Type.UNMERGED, made.undone)):
        which = np.flatnonzero(times != FOREVER)
        at, absorbed, survivor = times[which], made.absorbed[which], made.survivor[which]
        for stream, step in ((absorbed, 0), (survivor, 2)):
            parts.append(block(type_, at, at, stream=stream, person=absorbed, other=survivor, step=step))
    return joined(parts)
