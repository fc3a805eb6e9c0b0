"""Whatever stands in a line: it is added or rejected, and the lines around it are added."""

from __future__ import annotations

import csv
import io
import json
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.intake.imports.columns import KINDS, columns_of
from tests.adapters.intake.imports.conftest import House
from tests.hostile import MOMENTS, TEXTS, json_texts

MANY = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
NUMBERS = count()
VALUES = {"kind": "note-written", "answer": "given", "purpose": "talent_pool", "at": "2024-01-05", "candidate": "1"}


def plain(kind: str, number: int) -> dict[str, Any]:
    """A line of the kind that has what every line needs."""
    values = {name: VALUES.get(name, f"x{number}") for name, column in columns_of(kind).items() if column.needed}
    return values if kind in ("touchpoints", "consents") else {**values, "id": f"x{number}"}


@MANY
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_a_line_of_ndjson(house: House, kind: str, data: st.DataObject) -> None:
    number = next(NUMBERS)
    text = data.draw(
        json_texts(plain(kind, number), data.draw(st.sampled_from([column.name for column in KINDS[kind]])))
    )
    whole = text.encode("utf-8", "replace").replace(b"\n", b" ")
    around = b'{"id": "before%d"}\n%s\n{"id": "after%d"}\n' % (number, whole, number)
    path = house.folder / f"c{number}.ndjson"
    path.write_bytes(around)
    standing = house.import_(kind, path, system=f"s{number}").standing
    assert standing.lines == (3 if whole.strip() else 2)
    if kind == "candidates":
        assert house.types_of(f"s{number}", f"before{number}")
        assert house.types_of(f"s{number}", f"after{number}")


@MANY
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_a_line_of_csv(house: House, kind: str, data: st.DataObject) -> None:
    number = next(NUMBERS)
    values = plain(kind, number)
    column = data.draw(st.sampled_from([column.name for column in KINDS[kind]]))
    values[column] = data.draw(st.one_of(TEXTS, MOMENTS)).encode("utf-8", "replace").decode()
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([values.keys(), values.values(), plain(kind, -1).values()])
    path = house.file(f"c{number}.csv", written.getvalue())
    assert house.import_(kind, path, system=f"s{number}").standing.lines >= 1


@pytest.mark.parametrize("offset", ["+16:00", "-16:00", "+23:59", "+02:00:00.5"])
@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_an_offset_that_no_clock_has_rejects_its_line_alone(house: House, offset: str, ending: str) -> None:
    at = f"2024-05-04T09:30:00{offset}"
    if ending == "csv":
        text = f"id,at\n1,2024-05-04\n2,{at}\n3,2024-05-04\n"
    else:
        text = "".join(
            json.dumps({"id": number, "at": at if number == 2 else "2024-05-04"}) + "\n" for number in (1, 2, 3)
        )
    standing = house.import_("candidates", house.file(f"c.{ending}", text)).standing
    assert (standing.added, standing.reasons) == (2, {"value-cannot-be-read": 1})


def test_a_key_that_stands_twice_rejects_its_line_alone(house: House) -> None:
    path = house.file("c.ndjson", '{"id": "1"}\n{"id": "2", "name": "Ana", "name": "Bo"}\n{"id": "3"}\n')
    assert house.import_("candidates", path).standing.reasons == {"line-is-not-json": 1}
    assert "the key 'name' stands twice" in house.rejected(path).read_text()
