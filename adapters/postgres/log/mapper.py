"""Turns what happened into a row of the log and back: clear data in the open, personal data sealed for its person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from adapters.postgres.keys.sealing import Keyring, PersonKey, Place, Sealer, open_part, seal
from adapters.postgres.log.stored import LoggedEvent
from domain.codec import TEXTS, Codec, EventCannotBeStored, SealedGroup, codec_of, whose
from domain.codes import Spelled
from domain.errors import ExplainedError
from domain.event import ERASED, Event, Recorded, Upcast

NOTHING = (None, ())


class EventIsUnknown(ExplainedError):
    """Unknown event type

    Position {position} holds an event of type {stored_name}, which this version does not know.

    Run the newer version that wrote it.
    """

    def __init__(self, stored_name: str, position: int | None) -> None:
        super().__init__(stored_name=stored_name, position=position)


class SealingMapper(Mapper[UUID]):
    """Maps `Recorded` domain events to `LoggedEvent` rows. Personal fields whose key is gone come back as ERASED."""

    def __init__(self, origin: str, keyring: Keyring, events: Iterable[type[Event]], upcasts: Iterable[Upcast]) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self.origin = origin
        self.keyring = keyring
        self._codecs = {event.stored_name: codec_of(event) for event in events}
        self._upcasts = {upcast.stored_name: upcast for upcast in upcasts}

    def names_of(self, events: Iterable[type[Event]]) -> list[str]:
        """Return every stored name, of today and before, under which such events may stand in the log."""
        names = [event.stored_name for event in events]
        for name in names:  # it grows while it is read: an older name may have older ones itself
            names += [upcast.stored_name for upcast in self._upcasts.values() if upcast.becomes == name]
        return names

    def people_of(self, domain_event: Recorded[Event]) -> list[UUID]:
        """Return the people whose personal data the event holds, each once, in the order of its parts."""
        held_by = held_in(self._codecs[domain_event.event.stored_name], domain_event.event)
        return list(dict.fromkeys(whose(group, domain_event) for group, _ in held_by))

    def without_texts(self, events: Sequence[Recorded[Event]], person: UUID) -> list[Recorded[Event]] | None:
        """Return the events with plain codes in place of those with texts sealed for the person. So events of an erased
        person can still be recorded. Return None if anything else is sealed for them."""
        plain = [self._without_text(event, person) for event in events]
        is_changed = any(after is not before for after, before in zip(plain, events, strict=True))
        return plain if is_changed and not any(person in self.people_of(after) for after in plain) else None

    def _without_text(self, domain_event: Recorded[Event], person: UUID) -> Recorded[Event]:
        codec, event = self._codecs[domain_event.event.stored_name], domain_event.event
        texts = texts_in(codec, event)
        if not texts or whose(codec.texts, domain_event) != person:
            return domain_event
        codes: Any = {name: str(getattr(event, name)) for name in texts}
        return replace(domain_event, event=replace(event, **codes))

    def sealed(self, domain_event: Recorded[Event]) -> tuple[list[Sealer], str]:
        """Return the personal data: the keys of the people it belongs to, and the sealed parts as a JSON list."""
        event = domain_event.event
        parts: list[str] = []
        sealers: dict[UUID, Sealer] = {}
        for group, values in held_in(self._codecs[event.stored_name], event):
            person = whose(group, domain_event)
            sealer = sealers.get(person) or self.keyring.sealer(person) or self.keyring.make(person)
            sealers[person] = sealer
            place = Place(self.origin, domain_event.stream, domain_event.version, event.stored_name)
            parts.append(seal(place, group.group, sealer, values))
        return list(sealers.values()), f"[{','.join(parts)}]"

    def clear(self, event: Event) -> str:
        """Return the clear data in RFC 8785 form. Errors: EventCannotBeStored."""
        return clear_text(self._codecs[event.stored_name], event)

    def to_stored_event(self, domain_event: Recorded[Event]) -> LoggedEvent:  # type: ignore[override]  # it takes our events alone
        sealers, state = self.sealed(domain_event)
        return LoggedEvent(
            originator_id=domain_event.stream,
            originator_version=domain_event.version,
            topic=domain_event.event.stored_name,
            state=state.encode(),
            event_id=domain_event.id,
            occurred_at=domain_event.occurred_at,
            occurred_how=domain_event.occurred_how,
            actor=domain_event.actor,
            causation_id=domain_event.causation,
            correlation_id=domain_event.correlation,
            clear=self.clear(domain_event.event),
            people=tuple(sealer.person for sealer in sealers),
            recorded_at=domain_event.recorded_at,
            uses=tuple(sealer.key_id for sealer in sealers),
            brings=tuple(sealer.brought for sealer in sealers if sealer.brought is not None),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded[Event]:
        if not isinstance(stored_event, LoggedEvent) or stored_event.recorded_at is None:
            raise EventIsUnknown(stored_event.topic, None)
        name, data = self._newest(stored_event.topic, json.loads(stored_event.clear))
        codec = self._codecs.get(name)
        if codec is None:
            raise EventIsUnknown(stored_event.topic, stored_event.position)
        values = {field.name: field.decode(data.get(field.name)) for field in codec.clear}
        self._open(stored_event, codec, values)
        return Recorded(
            stream=as_uuid(stored_event.originator_id),
            version=stored_event.originator_version,
            event=codec.event(**values),
            id=stored_event.event_id,
            recorded_at=stored_event.recorded_at,
            occurred_at=stored_event.occurred_at,
            occurred_how=stored_event.occurred_how,
            actor=stored_event.actor,
            causation=stored_event.causation_id,
            correlation=stored_event.correlation_id,
            position=stored_event.position,
        )

    def _newest(self, stored_name: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        while (upcast := self._upcasts.get(stored_name)) is not None:
            stored_name, data = upcast.becomes, upcast.clear(data)
        return stored_name, data

    def _open(self, stored: LoggedEvent, codec: Codec, values: dict[str, Any]) -> None:
        """Add the personal values: opened, ERASED, or None if nothing was sealed."""
        parts: Sequence[Mapping[str, str]] = json.loads(stored.state)
        stream = as_uuid(stored.originator_id)
        for group in codec.sealed:
            person = stream if group.person_field is None else values[group.person_field]
            part = next((p for p in parts if p["person"] == str(person) and p["group"] == group.group), None)
            if part is None:
                values.update((name, decode_nothing(decode)) for name, decode in group.fields)
                continue
            place = Place(self.origin, stream, stored.originator_version, stored.topic)
            opened = self._opened(place, part, stored.keys.get(person))
            for name, decode in group.fields:
                values[name] = ERASED if opened is None else decode(opened.get(name))
        for part in parts:
            if part["group"] == TEXTS:
                self._spell(stored, part, codec, values)

    def _spell(self, stored: LoggedEvent, part: Mapping[str, str], codec: Codec, values: dict[str, Any]) -> None:
        """Give the codes their texts. Without the key nothing says which codes had one, so all get an erased text."""
        place = Place(self.origin, as_uuid(stored.originator_id), stored.originator_version, stored.topic)
        texts = self._opened(place, part, stored.keys.get(UUID(part["person"])))
        name = stored.topic
        while texts is not None and (upcast := self._upcasts.get(name)) is not None:
            name, texts = upcast.becomes, {upcast.rename.get(field, field): text for field, text in texts.items()}
        for field, _ in codec.texts.fields:
            if values[field] is not None and (texts is None or field in texts):
                values[field] = Spelled(values[field], ERASED if texts is None else texts[field])

    def _opened(self, place: Place, part: Mapping[str, str], key: PersonKey | None) -> dict[str, Any] | None:
        if key is None or str(key.key_id) != part["key"]:
            return None
        cipher = self.keyring.cipher(key)
        return None if cipher is None else open_part(place, part, cipher)


def held_in(codec: Codec, event: Event) -> Iterator[tuple[SealedGroup, dict[str, Any]]]:
    """Yield the groups of the event that have values to seal, with their values; the texts of its codes last."""
    for group in codec.sealed:
        if values := held(group, event):
            yield group, values
    if texts := texts_in(codec, event):
        yield codec.texts, texts


def texts_in(codec: Codec, event: Event) -> dict[str, Any]:
    """Return the texts of the event's codes by field, for the codes that have one."""
    codes = ((name, getattr(event, name)) for name, _ in codec.texts.fields)
    return {name: code.text for name, code in codes if isinstance(code, Spelled) and isinstance(code.text, str)}


def held(group: SealedGroup, event: Event) -> dict[str, Any]:
    """Return the group's values; empty if the event has nothing personal (an empty group is not sealed)."""
    for name, _ in group.fields:
        if getattr(event, name) not in NOTHING:
            return {name: getattr(event, name) for name, _ in group.fields}
    return {}


def decode_nothing(decode: Any) -> Any:
    return () if decode is tuple else None


def clear_text(codec: Codec, event: Event) -> str:
    """Return the clear data in RFC 8785 form: fields in order of their names. Errors: EventCannotBeStored."""
    texts = []
    for field in codec.clear:
        try:
            texts.append(field.label + field.encode(getattr(event, field.name)))
        except (ValueError, TypeError, AttributeError) as error:
            raise EventCannotBeStored(codec.event.__name__, field.name, str(error)) from error
    return "{" + ",".join(texts) + "}"


def as_uuid(stream: UUID | str) -> UUID:
    return stream if isinstance(stream, UUID) else UUID(stream)
