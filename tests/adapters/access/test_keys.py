"""An API key is random, known again by its hash, and cannot be given what does not fit together."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.access.keys import WRITTEN, Wanted, hashed, minted, read
from adapters.access.policy import Action, Role
from adapters.access.refusals import ExpiryIsPast, IntegrationStandsAlone, ScopeIsWiderThanRole

NOW = datetime(2026, 5, 4, tzinfo=UTC)
ANA = Wanted("ana", frozenset({Role.RECRUITER}))


def test_a_key_is_known_again_and_its_secret_is_kept_nowhere() -> None:
    made, other = minted(ANA, "user:ben", NOW), minted(ANA, "user:ben", NOW)
    named = read(made.text)
    assert named is not None
    assert named[0] == made.kept.id != other.kept.id
    assert made.kept.is_of(named[1])
    assert not other.kept.is_of(named[1])
    assert len(bytes.fromhex(named[1])) == 32
    assert named[1] not in repr(asdict(made.kept))
    assert made.kept.secret_hash == hashed(named[1])


@pytest.mark.parametrize("text", ["", "pnl_", "pnl_3f9c0a51d2e7_", "pnl_3f9c0a51d2e7_" + "0" * 63, "eyJhbGciOi"])
def test_what_is_no_key_is_not_read_as_one(text: str) -> None:
    assert read(text) is None
    assert read(minted(ANA, "user:ben", NOW).text + text + "0") is None


def test_those_who_scan_for_secrets_find_one_in_a_text() -> None:
    made = minted(ANA, "user:ben", NOW).text
    assert re.findall(WRITTEN, f'curl -H "Authorization: Bearer {made}"') == [read(made)]


def test_a_key_ends_when_it_was_said_to_or_is_revoked() -> None:
    kept = minted(replace(ANA, expires_at=NOW + timedelta(days=1)), "user:ben", NOW).kept
    assert kept.state(NOW) == "good"
    assert kept.state(NOW + timedelta(days=1)) == "expired"
    assert replace(kept, revoked_at=NOW, revoked_by="user:ben").state(NOW) == "revoked"
    with pytest.raises(ExpiryIsPast):
        minted(replace(ANA, expires_at=NOW), "user:ben", NOW)


@pytest.mark.parametrize(
    ("roles", "source"),
    [
        ({Role.INTEGRATION}, None),
        ({Role.RECRUITER}, "greenhouse"),
        ({Role.RECRUITER, Role.INTEGRATION}, "greenhouse"),
    ],
)
def test_an_integration_has_a_source_and_no_other_role(roles: set[Role], source: str | None) -> None:
    with pytest.raises(IntegrationStandsAlone):
        Wanted("ana", frozenset(roles), source)


def test_a_scope_narrows_and_never_widens() -> None:
    narrow = Wanted("ana", frozenset({Role.RECRUITER}), None, frozenset({Action.READ_JOBS}))
    principal = minted(narrow, "user:ben", NOW).kept.principal
    assert {action for action in Action if principal.may(action)} == {Action.READ_JOBS, Action.PUBLIC, Action.DELIVER}
    with pytest.raises(ScopeIsWiderThanRole):
        Wanted("ana", frozenset({Role.RECRUITER}), None, frozenset({Action.ERASE}))


@pytest.mark.parametrize(("name", "source"), [("Ana Prado", None), ("", None), ("-ana", None), ("ana", "Green House")])
def test_a_name_can_stand_in_the_log(name: str, source: str | None) -> None:
    with pytest.raises(ValueError, match="no key is made"):
        Wanted(name, frozenset({Role.INTEGRATION if source else Role.RECRUITER}), source)
    with pytest.raises(ValueError, match="no key is made"):
        Wanted("ana", frozenset())
