"""The house writes in the terms of the field: what .ci/language.py finds, and what it passes over."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

HOUSE = Path(__file__).parent.parent


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HOUSE / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


language = load("language")


@pytest.mark.parametrize(
    "text",
    [
        "# Nobody waits",
        "def test_somebody_applies() -> None: ...",
        "'is told'",
        "# the erasure clerk",
        "class WhoeverAsks: ...",
        "# runs by itself",
        "told = 1",
        "for one in (): ...",
        "class Found: ...",
        "def read(known: int) -> None: ...",
        "self_._asked = 1; self_.said = 2",
        "class JobPages: ...",
        "match 1:\n    case found: ...",
        "try: ...\nexcept OSError as told: ...",
        "# load with kin",
    ],
)
def test_words_and_names_that_the_house_gave_up_are_reported(text: str) -> None:
    assert list(language.complaints_about("module.py", text)) != []


@pytest.mark.parametrize(
    "text",
    [
        'ACTOR = "clerk:expiry"',
        'OTHER_USER = "nobody"',
        '"erasure-is-asked-by-nobody"',
        "# one thing is known: what was asked, said and found",
        "desktop = kingdom = 1",
        "from collections import Counter",
    ],
)
def test_frozen_strings_and_ordinary_prose_are_not(text: str) -> None:
    assert list(language.complaints_about("module.py", text)) == []
