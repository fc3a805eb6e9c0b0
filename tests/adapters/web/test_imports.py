"""Files of history over HTTP: taken in at once, imported in the background, and forgotten after a while."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters import bootstrap
from adapters.intake.imports.upload_store import UPLOAD, UploadStore
from adapters.intake.imports.worker import ImportWorker
from adapters.postgres.keys.key_file import KEY_FILE_ERRORS
from adapters.postgres.log.event_log import EventLog
from adapters.runtime.background import beside
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.framework import limits
from adapters.web.services import Services
from tests.adapters.web.conftest import ACTOR, bearing, problem, serving

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson; charset=utf-8"}
PARAMETERS = {"kind": "candidates", "system": "old-crm"}
PEOPLE = b"id,at,name\n1,2024-01-05,Ana\n2,nonsense,Bo\n3,2024-01-07,Cy\n"
PATIENCE = 20.0


@pytest.fixture
def uploads(services: Services) -> UploadStore:
    return services.uploads


@pytest.fixture
def worker(log: EventLog, settings: Settings, uploads: UploadStore) -> ImportWorker:
    return ImportWorker(bootstrap.importer(log, settings), uploads)


@pytest.fixture
def at_work(worker: ImportWorker) -> Iterator[None]:
    with beside(worker.run, "imports"):
        yield


def ended(client: httpx.Client, name: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        answer: dict[str, Any] = client.get(f"/v1/imports/{name}").json()
        if answer["ended_at"]:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"it has not ended after {PATIENCE} s")


def put(client: httpx.Client, body: bytes = PEOPLE, **parameters: str) -> dict[str, Any]:
    answer = client.post("/v1/imports", params={**PARAMETERS, **parameters}, content=body, headers=CSV)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


@pytest.mark.usefixtures("at_work")
def test_an_upload_is_imported_in_the_background_and_deleted(
    client: httpx.Client, uploads: UploadStore, log: EventLog, fold: Callable[[], int]
) -> None:
    begun = put(client)
    assert (begun["state"], begun["size"], begun["lines"]) == ("waiting", len(PEOPLE), 0)
    answer = ended(client, begun["id"])
    counts = {
        name: answer[name] for name in ("state", "lines", "added", "unchanged", "rejected", "events", "read", "reasons")
    }
    assert counts == {
        "state": "done", "lines": 3, "added": 2, "unchanged": 0, "rejected": 1, "events": 2, "read": len(PEOPLE),
        "reasons": {"value-cannot-be-read": 1},
    }  # fmt: skip
    assert not (uploads.folder / begun["id"] / UPLOAD).exists()
    assert len(log.recorder.select_notifications(None, 100)) == 2
    rejected = client.post(f"/v1/imports/{begun['id']}/rejected-lines")
    assert rejected.headers["content-type"] == "text/csv; charset=utf-8"
    (export,) = client.get("/v1/audit/accesses", params={"kind": "exported", "min_position": fold()}).json()["accesses"]
    assert (export["reader"], export["page"], export["holds"]) == (ACTOR, "rejected-lines", ["personal"])
    mended = rejected.content.replace(b"nonsense", b"2024-01-06")
    assert ended(client, put(client, mended)["id"])["added"] == 1
    assert ended(client, put(client)["id"])["unchanged"] == 2
    nothing = client.post(f"/v1/imports/{put(client, mended)['id']}/rejected-lines")
    assert problem(nothing) == (409, "import-rejected-nothing")


@pytest.mark.usefixtures("at_work")
def test_ndjson_and_a_mapping(client: httpx.Client, log: EventLog, services: Services) -> None:
    mapping = '{"columns": {"id": "nr", "name": ["first", "last"]}, "others": "ignore"}'
    body = b'{"nr": 7, "first": "Ana", "last": "Silva", "salary": 1}\n{"nr": \n'
    parameters = {**PARAMETERS, "mapping": mapping}
    name = client.post("/v1/imports", params=parameters, content=body, headers=NDJSON).json()["id"]
    assert ended(client, name)["added"] == 1
    (sourced,) = log.history(services.key_file.stream_of("old-crm", "candidate", "7"))
    assert sourced.event.name == "Ana Silva"  # type: ignore[attr-defined]  # that event has it
    rejected = client.post(f"/v1/imports/{name}/rejected-lines")
    assert rejected.json()["perennial_text"] == '{"nr": '


@pytest.mark.usefixtures("at_work")
def test_a_file_that_cannot_be_read_stops_and_says_where(client: httpx.Client, uploads: UploadStore) -> None:
    answer = ended(client, put(client, PEOPLE + b"4,caf\xe9\n", encoding="utf-8")["id"])
    assert answer["state"] == "stopped"
    assert "Line 5 is not valid UTF-8" in answer["problem"]
    assert answer["added"] == 2
    assert not (uploads.folder / answer["id"] / UPLOAD).exists()


@pytest.mark.usefixtures("at_work")
def test_the_answer_names_encoding_and_delimiter_and_both_can_be_given(
    client: httpx.Client, services: Services, log: EventLog
) -> None:
    text = "id;name;at\n1;Jürgen Weiß;2024-01-05\n"
    for number, encoding in enumerate(("utf-8", "utf-16-le", "cp1252")):
        finished = ended(client, put(client, text.encode(encoding), system=f"s{number}")["id"])
        assert (finished["state"], finished["encoding"], finished["delimiter"], finished["added"]) == (
            "done",
            encoding,
            ";",
            1,
        )
        (sourced,) = log.history(services.key_file.stream_of(f"s{number}", "candidate", "1"))
        assert sourced.event.name == "Jürgen Weiß"  # type: ignore[attr-defined]  # that event has it
    parameters = {**PARAMETERS, "format": "csv", "delimiter": "tab", "encoding": "windows-1252"}
    body = "id\tname\n7\tZoë\n".encode("cp1252")
    answer = client.post("/v1/imports", params=parameters, content=body, headers={"Content-Type": "text/plain"}).json()
    assert (answer["encoding"], answer["delimiter"], ended(client, answer["id"])["added"]) == ("cp1252", "\t", 1)


def test_a_file_that_cannot_be_taken_in_leaves_nothing(client: httpx.Client, uploads: UploadStore) -> None:
    for body, parameters, slug in (
        (b"\xef\xbb\xbf", {}, "file-is-empty"),
        (PEOPLE, {"encoding": "klingon"}, "encoding-is-unknown"),
        (PEOPLE, {"delimiter": ";;"}, "delimiter-is-unknown"),
        (PEOPLE, {"mapping": '{"others": "ignore", "others": "refuse"}'}, "mapping-cannot-be-read"),
    ):
        answer = client.post("/v1/imports", params={**PARAMETERS, **parameters}, content=body, headers=CSV)
        assert problem(answer) == (422, slug)
    assert [path for path in uploads.folder.rglob("*") if path.is_file()] == []


def test_an_import_goes_on_after_a_restart_of_the_worker(
    services: Services, worker: ImportWorker, log: EventLog, key: str
) -> None:
    lines = b"".join(b"%d,2024-01-05,Name\n" % number for number in range(5_000))
    with serving(create_app(services)) as url, httpx.Client(verify=False, base_url=url, headers=bearing(key)) as client:
        name = put(client, b"id,at,name\n" + lines)["id"]
    stop = threading.Event()
    stop.set()  # while it works: it ends with its first block
    worker._import(worker.uploads.waiting()[0], stop)
    begun = len(log.recorder.select_notifications(None, 10_000))
    assert 0 < begun < 5_000
    with serving(create_app(services)) as url, httpx.Client(verify=False, base_url=url, headers=bearing(key)) as client:
        waiting = client.get(f"/v1/imports/{name}").json()
        assert (waiting["state"], waiting["lines"]) == ("at-work", begun)
        assert waiting["eta_seconds"] > 0
        with beside(worker.run, "imports"):
            answer = ended(client, name)
    assert (answer["state"], answer["added"], answer["unchanged"]) == ("done", 5_000, 0)
    assert len(log.recorder.select_notifications(None, 10_000)) == 5_000


def test_an_import_waits_for_the_newest_key_file(
    client: httpx.Client, services: Services, worker: ImportWorker, uploads: UploadStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What was taken in is not lost because this machine's copy of the key file is older than the last rotation."""
    name = put(client)["id"]
    (about,) = uploads.waiting()
    with monkeypatch.context() as older:
        key_file = services.log.mapper.keyring.key_file
        older.setattr(services.log.mapper.keyring, "key_file", replace(key_file, epochs={}, path=None))
        with pytest.raises(KEY_FILE_ERRORS):
            worker._import(about, threading.Event())
    assert [waiting.id for waiting in uploads.waiting()] == [about.id]
    worker._import(about, threading.Event())
    assert ended(client, name)["added"] == 2


def test_pages_hold_while_imports_come_and_go(client: httpx.Client) -> None:
    names = [put(client)["id"] for _ in range(5)]
    first = client.get("/v1/imports", params={"limit": 2}).json()
    put(client)
    second = client.get("/v1/imports", params={"limit": 2, "cursor": first["next"]}).json()
    last = client.get("/v1/imports", params={"limit": 2, "cursor": second["next"]}).json()
    assert [upload["id"] for page in (first, second, last) for upload in page["imports"]] == names[::-1]
    assert last["next"] is None
    assert problem(client.get("/v1/imports", params={"cursor": "?"})) == (422, "cursor-cannot-be-read")


def test_an_upload_that_is_sent_again_with_its_key_is_one_import(client: httpx.Client) -> None:
    def send(body: bytes = PEOPLE, **parameters: str) -> httpx.Response:
        headers = {**CSV, "Idempotency-Key": "upload-1"}
        return client.post("/v1/imports", params={**PARAMETERS, **parameters}, content=body, headers=headers)

    first, again = send(), send()
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    for other in (send(PEOPLE + b"\n"), send(system="other-crm")):
        assert problem(other) == (422, "idempotency-key-was-used-for-another-request")
    assert len(client.get("/v1/imports").json()["imports"]) == 1


def test_what_is_no_import_is_refused(client: httpx.Client, uploads: UploadStore) -> None:
    def send(headers: dict[str, str], **parameters: str) -> tuple[int, str]:
        return problem(client.post("/v1/imports", params={**PARAMETERS, **parameters}, content=PEOPLE, headers=headers))

    assert send({"Content-Type": "application/json"}) == (415, "body-is-no-file-of-history")
    assert send(CSV, kind="people") == (422, "request-is-malformed")
    assert send(CSV, system="Old CRM") == (422, "request-is-malformed")
    assert send(CSV, mapping="{") == (422, "mapping-cannot-be-read")
    assert send(CSV, mapping='{"columns": {"nam": "x"}}') == (422, "mapping-cannot-be-read")
    missing = "0198f3a0-7c1e-7000-8000-00000000a001"
    assert problem(client.get(f"/v1/imports/{missing}")) == (404, "import-does-not-exist")
    assert problem(client.post(f"/v1/imports/{missing}/rejected-lines")) == (404, "import-does-not-exist")
    assert problem(client.delete(f"/v1/imports/{missing}")) == (404, "import-does-not-exist")
    assert uploads.all() == []


def test_a_file_that_is_too_large_leaves_nothing(
    client: httpx.Client, uploads: UploadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IMPORT_BYTES", 1_000)

    def pieces() -> Iterator[bytes]:
        yield from (PEOPLE for _ in range(100))

    for content in (PEOPLE * 100, pieces()):
        answer = client.post("/v1/imports", params=PARAMETERS, content=content, headers=CSV)
        assert problem(answer) == (413, "body-is-too-large")
    assert [path for path in uploads.folder.rglob("*") if path.is_file()] == []


@pytest.mark.usefixtures("at_work")
def test_an_import_that_has_ended_can_be_forgotten(client: httpx.Client, uploads: UploadStore, log: EventLog) -> None:
    name = ended(client, put(client)["id"])["id"]
    assert client.delete(f"/v1/imports/{name}").json() == {"id": name}
    assert problem(client.get(f"/v1/imports/{name}")) == (404, "import-does-not-exist")
    assert not (uploads.folder / name).exists()
    assert len(log.recorder.select_notifications(None, 100)) == 2


def test_an_import_that_waits_cannot_be_forgotten(client: httpx.Client) -> None:
    assert problem(client.delete(f"/v1/imports/{put(client)['id']}")) == (409, "import-has-not-ended")


def old(path: Path, days: int) -> None:
    at = time.time() - timedelta(days=days).total_seconds()
    for place in [*path.iterdir(), path]:
        os.utime(place, (at, at))


@pytest.mark.parametrize(("days", "left"), [(29, True), (31, False)])
def test_rejected_lines_are_kept_for_thirty_days(
    services: Services, worker: ImportWorker, uploads: UploadStore, key: str, days: int, left: bool
) -> None:
    app = create_app(services)
    with (
        serving(app) as url,
        httpx.Client(verify=False, base_url=url, headers=bearing(key)) as client,
        beside(worker.run, "imports"),
    ):
        name = ended(client, put(client)["id"])["id"]
        waiting = put(client, b"id\n")["id"]
        ended(client, waiting)
    folder, half = uploads.folder / name, uploads.incoming(services.new_id())
    half.write_bytes(PEOPLE)
    old(folder, days)
    old(half.parent, 2)
    uploads.sweep(services.now())
    assert folder.exists() is left
    assert not half.exists()
    assert (uploads.folder / waiting).exists()


def test_no_other_user_of_the_machine_can_read_uploaded_files(client: httpx.Client, uploads: UploadStore) -> None:
    folder = uploads.folder / put(client)["id"]
    assert folder.stat().st_mode & 0o077 == 0


def test_the_former_word_is_refused_and_todays_is_named(client: httpx.Client) -> None:
    answer = client.post("/v1/imports", params={"kind": "candidates", "source": "old-crm"}, content=PEOPLE, headers=CSV)
    assert problem(answer) == (422, "request-is-malformed")
    assert "source" in answer.text
    assert "system" in answer.text
