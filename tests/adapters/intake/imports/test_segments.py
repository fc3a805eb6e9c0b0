"""A line states a segment of a person whom we know: it is completed where it is unknown, and stays where it is not."""

from __future__ import annotations

from domain.candidate import SegmentsCompleted
from queries.person import person_of
from queries.profile import profile_of
from tests.adapters.intake.imports.conftest import House

HEAD = "id,at,updated_at,name,source,role\n"
WITHOUT_ROLE = "1,2024-01-05,,Ines Prado,Fair,\n"
WITH_ROLE = "1,2024-01-05,2024-02-01T09:00:00Z,Ines Prado,Career Site,C++ Developer\n"


def test_a_later_line_completes_what_is_unknown(house: House) -> None:
    house.taken("candidates", HEAD + WITHOUT_ROLE)
    assert house.taken("candidates", HEAD + WITH_ROLE).standing.added == 1
    assert house.types("candidate", "1") == ["candidate-sourced", "segments-completed"]
    completed = house.history("candidate", "1")[-1]
    assert completed.event == SegmentsCompleted("unknown", "c-plus-plus-developer", "unknown")
    assert (completed.at.isoformat(), completed.occurred_how) == ("2024-02-01T09:00:00+00:00", "stated")
    profile = profile_of(person_of(house.importer.log, house.stream("candidate", "1")))
    assert (profile.source, profile.role, profile.role_text) == ("fair", "c-plus-plus-developer", "C++ Developer")


def test_lines_of_one_file_complete_each_other_once(house: House) -> None:
    report = house.taken("candidates", HEAD + WITHOUT_ROLE + WITH_ROLE + WITH_ROLE)
    assert (report.standing.added, report.standing.known) == (2, 1)
    assert house.types("candidate", "1") == ["candidate-sourced", "segments-completed"]
    assert house.taken("candidates", HEAD + WITH_ROLE).standing.added == 0


def test_the_name_of_the_entry_is_not_learned_anew_once_its_source_is_known(house: House) -> None:
    house.taken("candidates", "id,at,name\n1,2024-01-05,Ines Prado\n")
    house.taken("candidates", "id,at,name,source\n1,2024-01-05,Ines Prado,Fair\n")
    assert house.types("candidate", "1") == ["candidate-sourced", "segments-completed"]
    house.taken("candidates", "id,at,name,source,role\n1,2024-01-05,Ines Prado,Fair,Gardener\n")
    assert house.types("candidate", "1") == ["candidate-sourced", "segments-completed", "segments-completed"]
