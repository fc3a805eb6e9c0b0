"""Every URL follows one scheme: plural nouns name things, and an action is an imperative verb at the end."""

from __future__ import annotations

import re

import pytest

from adapters.web.routes import COMMANDS, ENDPOINTS, METRICS

ROUTES = sorted(
    {
        *(("POST", command.path) for command in COMMANDS),
        *((endpoint.method, endpoint.path) for endpoint in ENDPOINTS),
    }
)
ACTION_AS_A_NOUN = re.compile(r"(ing|tion|sion|ance|ence|ment|al|ure)$")
"""In the singular: `rejection` is an action that should be `reject`; `applications` are things."""
PART = re.compile(r"v1|[a-z]+(-[a-z]+)*(\.html)?|\{[a-z_]+(:path)?\}")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_url_is_made_of_lower_case_words_and_parameters(method: str, path: str) -> None:
    assert path.startswith("/")
    assert [part for part in path[1:].split("/") if not PART.fullmatch(part)] == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_url_ends_in_a_noun_made_of_a_verb(method: str, path: str) -> None:
    last = path.rsplit("/", 1)[1].removesuffix(".html")
    assert not ACTION_AS_A_NOUN.search(last), f"name the thing in the plural, or use the verb: {path}"


def test_a_url_is_a_thing_or_an_action_and_never_both() -> None:
    """A path that is written to by an imperative verb is not read: what it changes is read at the thing's own URL."""
    actions = {path for method, path in ROUTES if path.rsplit("/", 1)[1] in VERBS}
    assert len(actions) >= 25
    assert [path for method, path in ROUTES if path in actions and method != "POST"] == []


def test_every_metric_stands_under_metrics() -> None:
    assert [route.path for route in METRICS if not re.fullmatch(r"/v1/metrics/[a-z]+(-[a-z]+)*", route.path)] == []


VERBS = {
    "accept", "cancel", "close", "complete", "correct", "credit", "decline", "erase", "find", "hire", "hold", "join",
    "leave", "lift", "link", "merge", "move-back", "refuse", "reject", "release", "reopen", "request", "rescind",
    "restrict", "resume", "retract", "transfer", "unhire", "unmerge", "unreject", "unrestrict", "withdraw",
}  # fmt: skip


def test_every_action_of_the_scheme_is_in_use() -> None:
    assert VERBS - {path.rsplit("/", 1)[1] for _, path in ROUTES} == set()
