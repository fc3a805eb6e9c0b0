"""An outside system's JSON may be anything; what cannot be read is simply not known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.intake.integrations.inbound import written_action
from adapters.intake.integrations.outside import Outside

BERLIN = ZoneInfo("Europe/Berlin")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner),
    max_leaves=8,
)


@given(json_values)
def test_any_json_can_be_read(value: Any) -> None:
    part = Outside({"a": value})
    text, moment = part.text("a"), part.moment("a", BERLIN)
    assert text is None or text.encode()
    assert moment is None or moment.astimezone(UTC)
    assert part.part("a", "b").parts("a") is not None
    assert [inner.json for inner in part.parts("a")] == [item for item in as_list(value) if isinstance(item, dict)]
    assert written_action(Outside({"action": value})).isascii()


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00.000+01:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, 11, tzinfo=UTC)),  # noon in Berlin
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("01/03/2026", None),
        ("0001-01-01", None),
        ("soon", None),
    ],
)
def test_a_moment_has_a_zone(text: str, moment: datetime | None) -> None:
    assert Outside({"at": text}).moment("at", BERLIN) == moment
