"""The documents say what is so: links lead somewhere, and the walk through the house names every file it enters."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters import bootstrap
from adapters.access.keys import Wanted
from adapters.access.policy import Role
from adapters.postgres.log.append import outcome_of
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.bootstrap import services_of

HOUSE = Path(__file__).parent.parent
DOCUMENTS = sorted([*HOUSE.glob("*.md"), *HOUSE.glob("docs/**/*.md")])
WALK = HOUSE / "docs/one-touchpoint.md"
OF_TESTS_ALONE = {"golden", "journeys", "adapters/intake/integrations/samples"}
MODULES_UP_TO_THE_APPEND = 32
"""Of ours that the POST of a touchpoint enters. The walk names each with what it is for."""
QUIET_AFTER = 0.3
"""Seconds until the thread that announces an append is at rest. On a slow machine it is late once, not four times."""
END = " (the end)"
ROOMS = ("adapters", "commands", "domain", "projections", "queries")


def name_of(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def folders_in_the_tree() -> set[str]:
    """Return the folders that the tree in CONTRIBUTING shows, by their indentation."""
    block = (HOUSE / "CONTRIBUTING.md").read_text().split("## The tree\n\n```text\n")[1].split("```")[0]
    shown: list[str] = []
    folders = set()
    for line in block.splitlines():
        name = line.split("/")[0]
        shown[(len(name) - len(name.lstrip())) // 2 :] = [name.strip()]
        folders.add("/".join(shown))
    return folders


def packages(room: str) -> set[str]:
    """Return the folders below a room that hold modules."""
    return {name_of(path.parent) for path in (HOUSE / room).rglob("*.py")}


def test_the_tree_in_contributing_is_the_tree_on_disk() -> None:
    assert folders_in_the_tree() == {"tests", "docs"}.union(*map(packages, ROOMS))


def test_every_test_folder_has_its_code_folder() -> None:
    of_tests = {folder.removeprefix("tests/") for folder in packages("tests") - {"tests"}}
    assert of_tests - OF_TESTS_ALONE <= set().union(*map(packages, ROOMS))


def files_in_the_walk() -> set[str]:
    """Every file that the page names: bare names stand in the room of their heading."""
    named = set()
    for part in re.split(r"^## ", WALK.read_text(), flags=re.MULTILINE)[1:]:
        room = re.match(r"\d .+: `(\S+)/`", part)
        for name in re.findall(r"`([\w/]+\.(?:py|sql))`", part):
            named.add(name if room is None or name.startswith(ROOMS) else f"{room.group(1)}/{name}")
    return named


def test_the_walk_names_six_rooms_and_files_that_exist() -> None:
    assert len(re.findall(r"^## \d ", WALK.read_text(), flags=re.MULTILINE)) == 6
    assert [name for name in files_in_the_walk() if not (HOUSE / name).is_file()] == []


@contextmanager
def entered(until: CodeType | None = None) -> Iterator[set[str]]:
    """The files of the house whose code runs meanwhile, in this thread and in those that start.

    `until`: once this code runs, no file is added before the set is cleared.
    """
    files: set[str] = set()

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (until is None or until.co_filename + END not in files):
            files.add(frame.f_code.co_filename + (END if frame.f_code is until else ""))

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        yield files
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def test_a_touchpoint_passes_through_the_files_that_the_walk_names_and_no_others(database: str, tmp_path: Path) -> None:
    settings = Settings(database_url=database, key_file=tmp_path / "keys.json")
    stop = threading.Event()
    with (
        entered() as files,
        bootstrap.open_log(database, settings) as log,
        bootstrap.projector(database) as datastore,
    ):
        follower = threading.Thread(target=bootstrap.runner(datastore, settings).run, args=(stop,))
        follower.start()
        try:
            services = services_of(log, settings)
            key = services.api_keys.make(Wanted("ana", frozenset({Role.RECRUITER})), "user:test", services.now()).text
            reply, passed = asyncio.run(replied(create_app(services), key, files))
        finally:
            stop.set()
            follower.join()
    assert reply == {"n": 1, "of": 1, "rate": 1.0}
    assert passed <= files_in_the_walk()


def test_a_command_enters_few_modules_up_to_the_append(database: str, tmp_path: Path) -> None:
    settings = Settings(database_url=database, key_file=tmp_path / "keys.json")
    with entered(until=outcome_of.__code__) as files, bootstrap.open_log(database, settings) as log:
        services = services_of(log, settings)
        key = services.api_keys.make(Wanted("ana", frozenset({Role.RECRUITER})), "user:test", services.now()).text
        passed = asyncio.run(commanded(create_app(services), key, files))
    assert passed <= files_in_the_walk()
    assert len(passed) <= MODULES_UP_TO_THE_APPEND, sorted(passed)
    stated = re.search(r"(\d+) modules up to the append", WALK.read_text())
    assert stated is not None
    assert int(stated[1]) == len(passed), sorted(passed)


async def commanded(app: Any, key: str, files: set[str]) -> set[str]:
    """The files of this checkout that each of three POSTs enters up to the append, after a first one."""
    transport = httpx.ASGITransport(app)
    shown = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=shown) as client:
        candidate = (await client.post("/v1/candidates", json={"source": "fair", "name": "Nora Blum"})).json()["stream"]
        touchpoint = {"kind": "email-replied", "occurred_at": "2026-05-04T09:30:00Z", "note": "yes"}
        entered_by = []
        for _ in range(4):
            await asyncio.sleep(QUIET_AFTER)
            files.clear()
            answer = await client.post(f"/v1/candidates/{candidate}/touchpoints", json=touchpoint)
            assert answer.status_code == 201
            assert any(file.endswith(END) for file in files)
            entered_by.append(of_the_house(files))
        return set.intersection(*entered_by[1:])


def of_the_house(files: set[str]) -> set[str]:
    """The names of those of the files that are of this checkout and no test."""
    ours = (Path(file.removesuffix(END)) for file in list(files) if file.startswith(str(HOUSE)))
    return {name for file in ours if (name := name_of(file)).startswith(ROOMS)}


async def replied(app: Any, key: str, files: set[str]) -> tuple[Any, set[str]]:
    """Sends and replies; the reply rate then, and the files of this checkout that only the reply passed through."""
    message = str(uuid4())
    shown = {"Authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=shown) as client:
        candidate = (await client.post("/v1/candidates", json={"source": "fair", "name": "Nora Blum"})).json()["stream"]
        touchpoints = f"/v1/candidates/{candidate}/touchpoints"
        sent = {"kind": "email-sent", "message": message, "occurred_at": "2026-05-02T09:30:00Z"}
        position = (await client.post(touchpoints, json=sent)).json()["position"]
        metric = "/v1/metrics/engagement?from=2026-05-01&to=2026-06-01"
        await client.get(f"{metric}&min_position={position}")
        files.clear()
        reply = {"kind": "email-replied", "message": message, "occurred_at": "2026-05-04T09:30:00Z", "note": "yes"}
        position = (await client.post(touchpoints, json=reply)).json()["position"]
        answer = (await client.get(f"{metric}&min_position={position}")).json()
        return answer["total"]["reply"], of_the_house(files)
