"""The policy's promises that hold whatever its lines are: nothing by default, writers and readers kept apart."""

from __future__ import annotations

from pathlib import Path

from adapters.access.policy import POLICY, WITHOUT_KEY, Action, Role
from adapters.access.principal import OIDC, Principal

PERSONAL = {Action.READ_PEOPLE, Action.EXPORT_SUBJECT}
WRITING = {Action.WRITE_PEOPLE, Action.WRITE_JOBS, Action.WRITE_CONSENTS, Action.IMPORT, Action.ERASE}


def test_every_role_has_a_line_and_none_is_given_what_needs_no_role() -> None:
    assert set(POLICY) == set(Role)
    assert all(actions.isdisjoint(WITHOUT_KEY) for actions in POLICY.values())


def test_without_a_role_nothing_is_allowed_but_what_needs_no_role() -> None:
    without_role = Principal("ana", frozenset())
    assert {action for action in Action if without_role.may(action)} == WITHOUT_KEY


def test_an_analyst_never_sees_who_a_person_is_and_an_auditor_changes_nothing() -> None:
    assert POLICY[Role.ANALYST].isdisjoint(PERSONAL | WRITING | {Action.READ_CONSENTS, Action.READ_EVENTS})
    assert POLICY[Role.AUDITOR].isdisjoint(PERSONAL | WRITING)
    assert POLICY[Role.INTEGRATION].isdisjoint(PERSONAL)
    assert POLICY[Role.ADMIN].isdisjoint(PERSONAL | WRITING)


def test_every_action_belongs_to_a_role() -> None:
    assert set(Action) == WITHOUT_KEY.union(*POLICY.values())


def test_the_log_calls_an_integration_by_its_source() -> None:
    assert Principal("ana", frozenset({Role.RECRUITER})).actor == "user:ana"
    assert Principal("ana", frozenset(), kind=OIDC).actor == "oidc:ana"
    assert Principal("hooks", frozenset({Role.INTEGRATION}), "greenhouse").actor == "integration:greenhouse"


def test_the_page_tells_the_table_as_it_is() -> None:
    page = (Path(__file__).parents[3] / "docs/access.md").read_text()
    roles = " | ".join(Role)
    lines = [
        f"| `{action}` | {' | '.join('yes' if action in POLICY[role] else '' for role in Role)} |"
        for action in Action
        if action not in WITHOUT_KEY
    ]
    assert "\n".join((f"| what is done | {roles} |", "|---" * 7 + "|", *lines, "")) in page
