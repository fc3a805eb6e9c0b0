"""People are found again over HTTP: by words, filters and addresses, page by page, and in pairs that may be one."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.adapters.web.conftest import Post, problem

Fold = Callable[[], int]


def person(post: Post, name: str, **more: Any) -> str:
    stream: str = post("/v1/candidates", source="career-site", name=name, **more)["stream"]
    return stream


def learn(post: Post, candidate: str, fact: str, value: str, learned_from: str = "self") -> None:
    post(f"/v1/candidates/{candidate}/profile-facts", fact=fact, learned_from=learned_from, value=value)


def names(client: httpx.Client, **parameters: Any) -> list[str | None]:
    answer = client.get("/v1/candidates", params=parameters)
    assert answer.status_code == 200, answer.text
    return [person["name"] for person in answer.json()["people"]]


def test_people_are_searched_by_everything_together(client: httpx.Client, post: Post, fold: Fold) -> None:
    zoe = person(post, "Zoë Müller", role="gardener", location="lisbon")
    learn(post, zoe, "skill", "C++")
    learn(post, zoe, "current-employer", "Botanical Gardens")
    person(post, "Zoe Miller", role="gardener", location="porto")
    post(f"/v1/candidates/{zoe}/consents", purpose="talent_pool", channels=["email"], notice="n", notice_version="1")
    post(f"/v1/candidates/{zoe}/touchpoints", kind="email-replied")
    fold()
    assert names(client, q="zoe muller") == ["Zoë Müller"]
    assert names(client, q="gardens zoe", skill="c++", location="Lisbon", consent="talent_pool") == ["Zoë Müller"]
    assert names(client, skill="c") == []
    assert names(client, consent="talent_pool", channel="phone") == []
    assert names(client, role="gardener", sort="name") == ["Zoe Miller", "Zoë Müller"]
    assert names(client, role="gardener") == ["Zoë Müller", "Zoe Miller"]
    assert names(client, contacted_from="2020-01-01") == ["Zoë Müller"]
    assert names(client, contacted_to="2020-01-01") == []
    answer = client.get("/v1/candidates", params={"q": "zoe mulller"}).json()
    assert [person["name"] for person in answer["people"]] == ["Zoë Müller", "Zoe Miller"]
    assert (answer["n"], answer["exact"]) == (2, True)
    assert {"kind": "role", "value": "gardener", "n": 2} in answer["facets"]
    assert {reading["text"] for reading in answer["readings"]} == {"zoe", "mulller"}


def test_names_are_found_in_any_script_and_however_they_are_parted(
    client: httpx.Client, post: Post, fold: Fold
) -> None:
    for name in ("Seán O’Connor", "王小明", "Қайрат Әбдіров"):
        person(post, name)
    fold()
    typed = {"OCONNOR": "Seán O’Connor", "王": "王小明", "小\u3000明": "王小明", "КАЙРАТ": "Қайрат Әбдіров"}
    assert {words: names(client, q=words) for words in typed} == {words: [name] for words, name in typed.items()}
    answer = client.get("/v1/candidates", params={"q": "王小明"}).json()
    assert answer["readings"] == [{"kind": "word", "text": "王小明", "taken_as": ["王小明"]}]


def test_a_page_goes_on_where_the_one_before_ended(client: httpx.Client, post: Post, fold: Fold) -> None:
    for number in range(7):
        person(post, f"Person {number}")
    fold()
    parameters: dict[str, Any] = {"q": "person", "sort": "name", "limit": 3}
    first = client.get("/v1/candidates", params=parameters).json()
    assert [person["name"] for person in first["people"]] == ["Person 0", "Person 1", "Person 2"]
    person(post, "Person 00")
    person(post, "Person 25")
    fold()
    second = client.get("/v1/candidates", params={**parameters, "cursor": first["next"]}).json()
    assert [person["name"] for person in second["people"]] == ["Person 25", "Person 3", "Person 4"]
    assert (second["n"], second["facets"]) == (None, None)
    last = client.get("/v1/candidates", params={**parameters, "cursor": second["next"]}).json()
    assert ([person["name"] for person in last["people"]], last["next"]) == (["Person 5", "Person 6"], None)


def test_a_cursor_is_unreadable_and_belongs_to_its_question(client: httpx.Client, post: Post, fold: Fold) -> None:
    for name in ("Ines Prado", "Ines Silva"):
        person(post, name)
    fold()
    parameters: dict[str, Any] = {"q": "ines", "sort": "name", "limit": 1}
    cursor = client.get("/v1/candidates", params=parameters).json()["next"]
    assert b"ines prado" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).lower()
    changed = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    others = ({"cursor": changed}, {"cursor": "nonsense"}, {"cursor": "é"}, {"q": "silva"}, {"sort": "last-contact"})
    for other in others:
        wrong = {**parameters, "cursor": cursor, **other}
        assert problem(client.get("/v1/candidates", params=wrong)) == (422, "cursor-cannot-be-read")
    assert problem(client.get("/v1/duplicates", params={"cursor": cursor})) == (422, "cursor-cannot-be-read")


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"channel": "email"}, "channel-is-asked-without-consent"),
        ({"consent": "world-peace"}, "request-is-malformed"),
        ({"q": "a\0b"}, "request-is-malformed"),
        ({"limit": 201}, "request-is-malformed"),
        ({"sort": "beauty"}, "request-is-malformed"),
        ({"as_of": "3"}, "request-is-malformed"),
        ({"min_position": 10**9}, "position-lies-ahead"),
    ],
)
def test_an_invalid_search_is_refused(client: httpx.Client, fold: Fold, wrong: dict[str, Any], slug: str) -> None:
    fold()
    assert problem(client.get("/v1/candidates", params=wrong)) == (422, slug)


@pytest.mark.parametrize("nothing", ["!!!", "'", "\\", "' | 'x", "zzzzzzzzzz", ":*", "%", "‮"])
def test_a_search_without_a_match_is_empty(client: httpx.Client, post: Post, fold: Fold, nothing: str) -> None:
    person(post, "Ines Prado", emails=["ines@example.org"])
    fold()
    for parameter in ("q", "role", "skill", "owner"):
        assert names(client, **{parameter: nothing}) == []
    assert names(client, community=str(uuid4())) == names(client, source="zzz") == []


def test_a_person_is_found_by_an_address_that_is_not_stored(
    client: httpx.Client, post: Post, fold: Fold, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ines = person(post, "Ines Prado", emails=["Ines.Canary@example.org"], phones=["+351 (0) 21 555 0101"])
    fold()
    for kind, address in (("email", "ines.canary@EXAMPLE.org"), ("phone", "00351 0 21 5550101")):
        answer = client.post("/v1/addresses/find", json={"kind": kind, "address": address}).json()
        assert [person["candidate"] for person in answer["people"]] == [ines]
    other = client.post("/v1/addresses/find", json={"kind": "email", "address": "ines@example.org"})
    assert other.json()["people"] == []
    none = client.post("/v1/addresses/find", json={"kind": "phone", "address": "ines.canary@example.org"})
    assert problem(none) == (422, "address-cannot-be-read")
    assert "canary" not in none.text
    wrong = client.post("/v1/addresses/find", json={"kind": "email", "address": "canary\0"})
    assert problem(wrong) == (422, "request-is-malformed")
    assert "canary" not in wrong.text
    assert "canary" not in caplog.text.lower()
    post(f"/v1/candidates/{ines}/profile-facts/retract", fact="email", learned_from="career-site",
         value="Ines.Canary@example.org")  # fmt: skip
    fold()
    gone = client.post("/v1/addresses/find", json={"kind": "email", "address": "ines.canary@example.org"})
    assert gone.json()["people"] == []


def test_pairs_that_may_be_one_are_listed_with_the_evidence_until_they_are_merged(
    client: httpx.Client, post: Post, fold: Fold
) -> None:
    ines = person(post, "Ines Prado", emails=["ines@example.org"], phones=["+1 555 0101"])
    other = person(post, "Inês Prado", emails=["INES@example.org"], phones=["+1 555-0101"])
    third = person(post, "Sam Ellis", phones=["+1 555 0101"])
    for candidate in (ines, other):
        learn(post, candidate, "current-employer", "Botanical Gardens")
    fold()

    def pairs(**parameters: Any) -> dict[frozenset[str], list[str]]:
        pairs = client.get("/v1/duplicates", params=parameters).json()["pairs"]
        return {frozenset((p["first"]["candidate"], p["second"]["candidate"])): p["evidence"] for p in pairs}

    everything = ["same-address", "same-name-and-employer", "same-phone"]
    expected = {
        frozenset((ines, other)): everything,
        frozenset((ines, third)): ["same-phone"],
        frozenset((other, third)): ["same-phone"],
    }
    assert pairs() == expected
    paged: dict[frozenset[str], list[str]] = {}
    cursor = None
    for _ in range(3):
        page = client.get("/v1/duplicates", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        paged |= {frozenset((p["first"]["candidate"], p["second"]["candidate"])): p["evidence"] for p in page["pairs"]}
        cursor = page["next"]
    assert (paged, cursor) == (expected, None)
    post(f"/v1/candidates/{ines}/merge", absorbed=other, evidence=everything)
    fold()
    assert pairs() == {frozenset((ines, third)): ["same-phone"]}
    post(f"/v1/candidates/{ines}/unmerge", absorbed=str(other))
    fold()
    assert frozenset((ines, other)) not in pairs()


def test_a_merged_person_is_one_row_until_they_are_two_again(client: httpx.Client, post: Post, fold: Fold) -> None:
    ines = person(post, "Ines Prado", location="lisbon")
    other = person(post, "Ines P", location="porto")
    learn(post, other, "skill", "Pruning")
    post(f"/v1/candidates/{other}/touchpoints", kind="email-replied")
    post(f"/v1/candidates/{ines}/merge", absorbed=other, evidence=["same-name-and-employer"])
    fold()
    answer = client.get("/v1/candidates", params={"skill": "pruning", "location": "lisbon"}).json()
    assert [(p["candidate"], p["last_contact"] is not None) for p in answer["people"]] == [(ines, True)]
    assert names(client, location="porto") == []
    post(f"/v1/candidates/{ines}/unmerge", absorbed=str(other))
    fold()
    assert [p["candidate"] for p in client.get("/v1/candidates", params={"skill": "pruning"}).json()["people"]] == [
        other
    ]
    assert names(client, location="porto") == ["Ines P"]
