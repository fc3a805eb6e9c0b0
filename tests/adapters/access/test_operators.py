"""An operator is distinct from the user of an API key, and is named by a code or not at all."""

from __future__ import annotations

import getpass

import pytest

from adapters.access.operators import operator


@pytest.mark.parametrize(("login", "actor"), [
    ("ana", "operator:ana"),
    ("CORP\\Ana Maria", "operator:command-line"),
    ("", "operator:command-line"),
    ("ana\n", "operator:command-line"),
])  # fmt: skip
def test_a_login_is_kept_where_it_is_a_code(monkeypatch: pytest.MonkeyPatch, login: str, actor: str) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: login)
    assert operator().actor == actor
    assert not operator().roles


def test_a_container_whose_user_has_no_name_may_ask_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert operator().actor == "operator:command-line"
