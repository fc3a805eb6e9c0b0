"""The list of events is complete, and no two events share a stored name."""

from __future__ import annotations

import pkgutil
import re
from dataclasses import fields
from datetime import date, datetime
from importlib import import_module
from types import ModuleType, NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

import domain
from domain.catalogue import EVENTS
from domain.event import ClearMark, Event

CLEAR = {UUID, str, bool, int, date, datetime, NoneType, Ellipsis}


def every_module() -> list[ModuleType]:
    return [import_module(f"domain.{module.name}") for module in pkgutil.iter_modules(domain.__path__)]


def test_every_event_class_is_listed_once() -> None:
    result = [
        shape
        for module in every_module()
        for shape in vars(module).values()
        if isinstance(shape, type)
        and issubclass(shape, Event)
        and shape.__module__ == module.__name__
        and shape is not Event
    ]
    assert sorted(EVENTS, key=repr) == sorted(result, key=repr)


def test_stored_names_are_unique_and_versioned() -> None:
    names = [shape.stored_name for shape in EVENTS]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*\.v[1-9]\d*", name) for name in names)


@pytest.mark.parametrize("shape", EVENTS, ids=lambda shape: shape.stored_name)
def test_clear_fields_hold_what_canonical_json_can_say(shape: Any) -> None:
    hints = get_type_hints(shape, include_extras=True)
    for field in fields(shape):
        hint = hints[field.name]
        if get_origin(hint) is Annotated and any(isinstance(mark, ClearMark) for mark in hint.__metadata__):
            assert leaves(get_args(hint)[0]) <= CLEAR, f"{field.name} would not come back unchanged"


def leaves(hint: Any) -> set[object]:
    parts = get_args(hint)
    return {leaf for part in parts for leaf in leaves(part)} if parts else {hint}


@pytest.mark.parametrize("shape", EVENTS, ids=lambda shape: shape.stored_name)
def test_the_owner_of_sealed_fields_is_a_clear_field(shape: type[Event]) -> None:
    assert shape.person_field is None or shape.person_field in get_type_hints(shape)
