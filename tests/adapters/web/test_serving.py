"""The server takes what the system gives it, and no more of it than it needs."""

from __future__ import annotations

import resource

import pytest

from adapters.web.framework.serving import FILES, open_many

SOME = 1024


@pytest.mark.parametrize(
    ("soft", "hard", "then"),
    [
        (SOME, 2 * FILES, FILES),
        (SOME, resource.RLIM_INFINITY, FILES),
        (SOME, 2 * SOME, 2 * SOME),
        (SOME, SOME, None),
        (2 * FILES, 4 * FILES, None),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None),
    ],
)
def test_as_many_files_are_opened_as_may_be(
    soft: int, hard: int, then: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: limits.append(both))
    open_many()
    assert limits == ([] if then is None else [(then, hard)])
