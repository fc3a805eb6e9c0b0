"""An erased person is found nowhere: not in the database's files, not in its log, not in ours, byte by byte."""

from __future__ import annotations

import base64
import csv
import io
import json
import logging
import shutil
import tempfile
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from adapters import bootstrap
from adapters.intake.imports.worker import ImportWorker
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.projector.runner import no_progress
from adapters.runtime.background import beside
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.bootstrap import services_of
from commands.attached import Attached
from domain import candidate as candidates
from domain import consent, erasure_proposal, touchpoint
from domain.catalogue import EVENTS
from domain.codec import codec_of
from domain.event import Event, Recorded
from domain.profile_facts import CATALOGUE
from tests.adapters.intake.integrations.bodies import application, delivery, signed
from tests.adapters.web.conftest import EVERY_ROLE, SECRETS, bearing, key_of, serving
from tests.golden.expected import EXPECTED
from tests.journeys.canary import Canaries

PATIENCE_SECONDS = 60.0
OF_A_CANDIDATE = {candidates.__name__, consent.__name__, erasure_proposal.__name__, touchpoint.__name__}
BO = "Bo Stays-Here"


@dataclass(slots=True)
class House:
    """A whole Perennial on a server of its own, as an operator runs it."""

    settings: Settings
    conninfo: str
    log: EventLog
    client: httpx.Client
    canaries: Canaries
    swept: bool = False
    """Whether nothing may be left when it is shut."""

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        content: dict[str, Any] = answer.json()
        return content

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def append(self, stream: UUID, event: Event) -> None:
        """As the product stores any event, whether or not a command would have made it there."""
        version = len(self.log.history(stream)) + 1
        now = datetime.now(UTC)
        self.log.append([Recorded(stream, version, event, uuid4(), now, correlation=uuid4())], Attached())

    def folded(self) -> int:
        """The head, once every read model has come to it."""
        head = self.log.recorder.barrier.head()
        self.wait(
            lambda: all(projection["position"] >= head for projection in self.get("/v1/projections")["projections"])
        )
        return head

    def wait(self, until: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not until():
            assert time.monotonic() < give_up
            time.sleep(0.05)

    def leaks(self) -> dict[str, set[str]]:
        """What a scan of everything that we keep finds, once the server has written down what it holds in memory."""
        with psycopg.connect(self.conninfo, autocommit=True) as owner:
            owner.execute("checkpoint")
        return self.canaries.leaks_in(self.settings.data_folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the database server may enter, whichever user it runs as."""
    made = Path(tempfile.mkdtemp(prefix="perennial-canary-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    """The product's own settings of the server; all that is logged goes to a file in the data folder."""
    secrets = tuple(SecretStr(secret) for secret in SECRETS)
    settings = Settings(data_folder=folder / "data", inbound_secrets={"greenhouse": secrets})
    with logged(settings.data_folder / "service.log"), bootstrap.database(settings) as conninfo:
        bootstrap.migrated(conninfo)
        bootstrap.bound(conninfo, settings)
        with bootstrap.open_log(conninfo, settings) as log, folding(conninfo, settings):
            services = services_of(log, settings)
            app = create_app(services)
            worker = ImportWorker(bootstrap.importer(log, settings), services.uploads)
            with beside(worker.run, "imports"), serving(app) as url:
                key = key_of(services, *EVERY_ROLE)
                with httpx.Client(verify=False, base_url=url, headers=bearing(key), timeout=60) as client:
                    house = House(settings, conninfo, log, client, Canaries())
                    yield house
                app.end_streams()
            app.close()
    if house.swept:
        assert house.canaries.leaks_in(settings.data_folder) == {}


@contextmanager
def logged(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True)
    handler, root = logging.FileHandler(path), logging.getLogger()
    handler.addFilter(lambda record: not record.name.startswith("http"))  # the client is no part of the house
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


@contextmanager
def folding(conninfo: str, settings: Settings) -> Iterator[None]:
    stop = threading.Event()
    with bootstrap.projector(conninfo) as datastore:
        thread = threading.Thread(target=bootstrap.runner(datastore, settings).run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def record_over_http(house: House) -> UUID:
    """Record a person with four records and data in each part of the product, and return the first record."""
    canaries = house.canaries
    ana = UUID(
        house.post(
            "/v1/candidates", source="career-site", name=f"Ana {canaries.bird('name')}",
            emails=[canaries.address("email")], phones=[canaries.phone("phone")],
        )["stream"]
    )  # fmt: skip
    path = f"/v1/candidates/{ana}"
    for fact in CATALOGUE:
        made = {"email": canaries.address, "phone": canaries.phone}.get(fact.code, canaries.bird)
        house.post(f"{path}/profile-facts", fact=fact.code, value=made(fact.code), learned_from="self")
    house.post(f"{path}/touchpoints", kind="call-received", note=canaries.bird("note"))
    house.post(
        f"{path}/consents", purpose="talent_pool", channels=["email"], notice="careers", notice_version="3",
        evidence=canaries.bird("evidence"),
    )  # fmt: skip
    for other in (delivered(house), imported(house)):
        house.post(f"{path}/merge", absorbed=str(other), evidence=["same-name"], reason=canaries.bird("merge"))
    return ana


def delivered(house: House) -> UUID:
    """A record from an applicant tracking system; one delivery more cannot be used and is kept."""
    canaries = house.canaries
    person = {
        "id": 501, "first_name": "Ana", "last_name": canaries.bird("delivery"), "created_at": "2026-02-01T08:00:00Z",
        "email_addresses": [{"value": canaries.address("delivery"), "type": "personal"}],
        "phone_numbers": [{"value": canaries.phone("delivery"), "type": "mobile"}],
    }  # fmt: skip
    for number, action in enumerate(("new_candidate_application", "not_yet_known_action")):
        stage = {"id": 3, "name": behind_what_a_code_holds(canaries.bird("text of a code, delivery"))}
        body = delivery(action, application=application(candidate=person, current_stage=stage))
        answer = house.client.post(
            "/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], f"e{number}")
        )
        assert answer.status_code == 200, answer.text
    return house.log.mapper.keyring.key_file.stream_of("greenhouse", "candidate", "501")


def behind_what_a_code_holds(canary: str) -> str:
    """A text that is cut before the canary where it is made a code: the code stays when the person is erased."""
    return f"{'Gardener of roses ' * 6}{canary}"


def imported(house: House) -> UUID:
    """A record from a file of history, in which another line about the same person was rejected."""
    canaries, text = house.canaries, io.StringIO()
    lines = csv.writer(text)
    role = behind_what_a_code_holds(canaries.bird("text of a code, import"))
    lines.writerow(("id", "at", "name", "emails", "role"))
    lines.writerow(("7", "2026-01-05", canaries.bird("import"), canaries.address("import"), role))
    lines.writerow(("7", "nonsense", canaries.bird("rejected line"), canaries.address("rejected line"), role))
    parameters = {"kind": "candidates", "system": "old-crm"}
    headers = {"Content-Type": "text/csv"}
    begun = house.client.post("/v1/imports", params=parameters, content=text.getvalue(), headers=headers).json()
    house.wait(lambda: bool(house.get(f"/v1/imports/{begun['id']}")["ended_at"]))
    assert house.get(f"/v1/imports/{begun['id']}")["added"] == 1
    return house.log.mapper.keyring.key_file.stream_of("old-crm", "candidate", "7")


def record_every_kind(house: House, ana: UUID) -> None:
    """Every personal field of every kind of event, each sealed for Ana; what belongs to no candidate for its stream."""
    clear: dict[str, Any] = {"matter": "one", "survivor": ana, "absorbed": uuid4()}
    for kind in EVENTS:
        for group in codec_of(kind).sealed:
            event = EXPECTED[kind.stored_name]
            given = {name: value for name, value in clear.items() if name in kind.__dataclass_fields__}
            if "people" in kind.__dataclass_fields__:
                given["people"] = (str(ana),)
            own = group.person_field is None and kind.__module__ in OF_A_CANDIDATE
            if group.person_field is not None:
                given[group.person_field] = ana
            house.append(ana if own else uuid4(), house.canaries.in_group(event, group, **given))


def sought(house: House, ana: UUID) -> None:
    """She is looked for, looked at and exported; and things go wrong while her name is in them."""
    name = next(bird for bird, where in house.canaries.places.items() if where == "name")
    assert [person["candidate"] for person in house.get("/v1/candidates", q=name)["people"]] == [str(ana)]
    address = house.canaries.address("lookup")
    house.post("/v1/addresses/find", kind="email", address=address)
    house.get(f"/v1/candidates/{ana}")
    house.get(f"/v1/candidates/{ana}/timeline", limit=500)
    house.folded()
    taken = house.post(f"/v1/candidates/{ana}/subject-access-report")
    assert name in str(taken).lower()
    for wrong in ({"q": f"{name} \0 '\""}, {"q": name, "sort": name}, {"q": name, "cursor": name}):
        assert house.client.get("/v1/candidates", params=wrong).status_code in (200, 422)
    assert house.client.post("/v1/candidates", json={"source": f"{name} {name}", "name": name}).status_code == 422
    assert house.client.post("/v1/candidates", content=json.dumps({"name": name})[:-1]).status_code in (400, 415, 422)


def test_after_erasure_and_rotation_no_byte_of_the_person_is_left(house: House) -> None:
    bo = UUID(house.post("/v1/candidates", source="career-site", name=BO, emails=["bo@example.org"])["stream"])
    ana = record_over_http(house)
    record_every_kind(house, ana)
    house.folded()
    sought(house, ana)
    personal = {
        f"{kind.__name__}.{name}" for kind in EVENTS for group in codec_of(kind).sealed for name, _ in group.fields
    }
    assert personal <= set(house.canaries.places.values())
    before = house.leaks()
    assert {"name", "email", "phone", "current-employer", "skill", "delivery", "import", "rejected line"} <= set(before)

    erased = house.client.post(f"/v1/candidates/{ana}/erase", json={"by": "self"})
    assert erased.status_code == 200, erased.text
    assert (erased.json()["state"], len(erased.json()["records"])) == ("completed", 3)
    (export,) = erased.json()["exports"]
    assert (export["page"], "personal" in export["holds"]) == ("subject-access", True)
    house.folded()
    with bootstrap.rotation(house.conninfo, house.settings, no_progress) as rotation:
        assert rotation.run().left == []

    assert house.leaks() == {}
    assert house.get(f"/v1/candidates/{ana}")["name"] is None
    assert [person["candidate"] for person in house.get("/v1/candidates", q=BO)["people"]] == [str(bo)]
    assert house.get(f"/v1/candidates/{bo}")["emails"] == ["bo@example.org"]
    house.swept = True


MAIL, PHONE, OTHER = "ána.returns@bücher.example", "+49 (0)30 5550117", "bo.stays@other.example"
MAILS = (
    MAIL, MAIL.upper(), unicodedata.normalize("NFD", MAIL), MAIL.replace("@", "＠"),
    MAIL.replace("example", "ｅｘａｍｐｌｅ"),
    MAIL.replace("returns", "re\u200bturns"), "ána.returns@xn--bcher-kva.example", f"{MAIL}.", f" \u00a0{MAIL} ",
    f"mailto:{MAIL}", f"Ana <{MAIL}>", f'"Returns, Ana" <{MAIL}>', f"'{MAIL}'", f"<{MAIL}>", f"{MAIL}, n/a",
    f"{MAIL}, {OTHER}", f"{OTHER}; {MAIL}", f"{OTHER} / {MAIL}", f"{OTHER}|{MAIL}", f"{OTHER} {MAIL}",
    f"{OTHER}\n{MAIL}", f"{OTHER} and {MAIL}", f"{MAIL} garbage@", f"E-mail: {MAIL}",
)  # fmt: skip
PHONES = (
    PHONE, "+49 30 5550117", "0049 (30) 555-0117", "tel:+49-30-555-0117", "+49 30 5550117 ext. 12", "+49 30 5550117x9",
    "٠٠٤٩ ٣٠ ٥٥٥٠١١٧", "+４９ 30 5550117", "+49 171 7654321 / +49 30 5550117", "+49 171 7654321, 0049305550117",
    "+49 171 7654321 +49 30 5550117", "mobile: +49 30 5550117", "+49–30–555\u200b0117",
    "+49 30 5550117 and +49 171 7654321",
)  # fmt: skip
SPELLINGS = (*(("email", text) for text in MAILS), *(("phone", text) for text in PHONES))
FIELDS = {"email": "emails", "phone": "phones"}
REFUSED = {"address-is-suppressed", "value-holds-several-addresses", "address-cannot-be-read"}


def refused_over_http(house: House, path: str, **body: Any) -> bool:
    answer = house.client.post(path, json=body)
    return answer.status_code in (409, 422) and answer.json()["type"].removeprefix("/problems/") in REFUSED


def of_greenhouse(number: int, kind: str, text: str) -> dict[str, Any]:
    named = {"email": "email_addresses", "phone": "phone_numbers"}[kind]
    empty: dict[str, Any] = {"email_addresses": [], "phone_numbers": []}
    return {"id": 9000 + number, "first_name": "Ana", "last_name": "R.", **empty, named: [{"value": text, "type": "x"}]}


def deliver_from_greenhouse(house: House, action: str, event: str, **payload: Any) -> dict[str, Any]:
    body = delivery(action, **payload)
    answer = house.client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0], event))
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def imported_again(house: House, text: str, media_type: str, system: str) -> dict[str, Any]:
    parameters = {"kind": "candidates", "system": system}
    begun = house.client.post(
        "/v1/imports", params=parameters, content=text.encode(), headers={"Content-Type": media_type}
    )
    assert begun.status_code in (200, 201, 202), begun.text
    path = f"/v1/imports/{begun.json()['id']}"
    house.wait(lambda: bool(house.get(path)["ended_at"]))
    return house.get(path)


def test_no_spelling_of_an_erased_address_comes_in_by_any_entrance(house: House) -> None:
    ana = house.post("/v1/candidates", source="career-site", name="Ana", emails=[MAIL], phones=[PHONE])["stream"]
    bo = house.post("/v1/candidates", source="career-site", name=BO, emails=["bo@example.org"], phones=[PHONE])[
        "stream"
    ]
    house.folded()
    erased = house.client.post(f"/v1/candidates/{ana}/erase", json={"by": "self"}).json()
    assert (erased["state"], erased["others_shut_out"]) == ("completed", 1)

    for kind, text in SPELLINGS:
        brought = {FIELDS[kind]: [text]}
        assert refused_over_http(house, "/v1/candidates", source="fair", name="Ana", **brought), text
        assert refused_over_http(house, "/v1/referrals", referrer=bo, name="Ana", **brought), text
        fact = {"fact": kind, "learned_from": "self", "value": text}
        new = house.post("/v1/candidates", source="fair", name="Ana R.")["stream"]
        assert refused_over_http(house, f"/v1/candidates/{new}/profile-facts", **fact), text

    rows = io.StringIO()
    lines = csv.writer(rows)
    lines.writerow(("id", "at", "emails", "phones"))
    for number, (kind, text) in enumerate(SPELLINGS):
        lines.writerow((f"c{number}", "2026-01-05", text if kind == "email" else "", text if kind == "phone" else ""))
    objects = [{"id": f"j{n}", FIELDS[kind]: [text]} for n, (kind, text) in enumerate(SPELLINGS)]
    assert imported_again(house, rows.getvalue(), "text/csv", "fair")["added"] == 0
    ndjson = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in objects)
    assert imported_again(house, ndjson, "application/x-ndjson", "fair-2")["added"] == 0

    for number, (kind, text) in enumerate(SPELLINGS):
        person = of_greenhouse(number, kind, text)
        applied = application(id=8000 + number, candidate=person)
        assert (
            deliver_from_greenhouse(house, "new_candidate_application", f"n{number}", application=applied)["outcome"]
            == "applied"
        ), text
        deliver_from_greenhouse(house, "update_candidate", f"u{number}", candidate=person)
    house.folded()

    for kind, text in (("email", MAIL), ("email", "ána.returns@xn--bcher-kva.example"), ("phone", PHONE)):
        people = house.post("/v1/addresses/find", kind=kind, address=text)["people"]
        assert [person["candidate"] for person in people] == ([bo] if kind == "phone" else []), text

    assert house.client.post("/v1/addresses/release", json={"kind": "phone", "address": "n/a"}).status_code == 422
    house.post("/v1/addresses/release", kind="phone", address="0049 30 5550117")
    again = house.client.post("/v1/addresses/release", json={"kind": "phone", "address": PHONE})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/address-is-not-suppressed")
    house.post("/v1/candidates", source="fair", name="Carla", phones=[PHONE])
    house.post("/v1/candidates", source="career-site", name="Ana", emails=[MAIL], returning=True)


def test_the_scan_finds_a_canary_however_it_is_written(tmp_path: Path) -> None:
    canaries = Canaries()
    bird, phone = canaries.bird("somewhere"), canaries.phone("a phone")
    ways = [bird.encode(), bird.lower().encode(), bird.encode("utf-16-le"), bird.encode("utf-16-be"),
            bird.encode().hex().upper().encode(), phone.encode()]  # fmt: skip
    ways += [base64.b64encode(b"x" * before + bird.encode()) for before in range(3)]
    for number, way in enumerate(ways):
        (tmp_path / f"{number}").write_bytes(b"\0\xff before" + way + b"after")
    leaks = canaries.leaks_in(tmp_path)
    assert {name for names in leaks.values() for name in names} == {f"{number}" for number in range(len(ways))}
    assert leaks["somewhere"] == {"0", "1"}
