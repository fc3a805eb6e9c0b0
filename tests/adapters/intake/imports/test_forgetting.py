"""Uploaded files say nothing of an erased person any more, and lose no line of other people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.addresses import AddressReader
from adapters.intake.imports.forgetting import forget, sought
from adapters.intake.imports.importing import alone
from adapters.intake.imports.ledger import REJECTED
from adapters.intake.imports.mapping import PLAIN, Wording
from adapters.intake.imports.refusals import ImportIsAtWork
from adapters.intake.imports.upload_store import UPLOAD, About, UploadStore
from adapters.postgres.keys.key_file import KeyFile
from commands.handle import Occasion, handle
from commands.request_erasure import RequestErasure
from tests.adapters.intake.imports.conftest import NOW, SYSTEM, House

HEAD = "id,name,emails,phones,at\n"
INES = "4711,Ines Prado,ines@example.org,+1 555 0101,2024-05-04\n"
ADDRESSES = (("email", "Ines@Example.org"), ("phone", "001 555-0101"))


@pytest.fixture
def uploads(tmp_path: Path) -> UploadStore:
    return UploadStore(tmp_path / "uploads")


def put(uploads: UploadStore, text: str, *, sheet: str = UPLOAD, kind: str = "candidates", written: str = "csv",
        wording: Wording = PLAIN, ended: datetime | None = None) -> Path:  # fmt: skip
    """Upload a file, and return its path."""
    about = About(uuid4(), kind, SYSTEM, written, NOW, wording, ended_at=ended)
    came = uploads.incoming(about.id)
    came.write_text(text, newline="")
    put = uploads.put(about, came)
    (uploads.of(put.id) / UPLOAD).rename(uploads.of(put.id) / sheet)
    return uploads.of(put.id) / sheet


def taken(uploads: UploadStore, key_file: KeyFile, *records: UUID) -> int:
    reader = AddressReader(key_file)
    forms = [(kind, form) for kind, text in ADDRESSES for form in reader.forms(kind, text)]
    return forget(uploads, key_file, sought(records, ADDRESSES, forms))


@pytest.mark.parametrize(
    "line",
    [
        INES,
        "1,Lea,INES@example.org,,\n",
        "2,Lea,x@y.org;ines@example.org,,\n",
        "3,Lea,,(001) 555 01-01,\n",
        "3,Lea,mailto:ＩＮＥＳ@example.org,,\n",
        "3,Lea,in\u200bes@example.org.|x@y.org,,\n",
        "3,Lea,,٠٠١ ٥٥٥ ٠١٠١,\n",
        '4,"Lea\nwrite to ines@example.org.",,,\n',
        "4711,I. P.,,,\n",
    ],
)
def test_lines_about_the_person_or_with_an_address_of_theirs_go(
    uploads: UploadStore, key_file: KeyFile, line: str
) -> None:
    others = [
        "5,Joan,joines@example.org,+1 555 01010,2024-05-04\n",
        '6,"Joan\n, of Prado","ines@example.org.uk;ines@example.organic",,4711\n',
        "7,Zoë,,,\r\n",
    ]
    path = put(uploads, HEAD + others[0] + line + "".join(others[1:]))
    assert taken(uploads, key_file, key_file.stream_of(SYSTEM, "candidate", "4711")) == line.count("\n")
    assert path.read_bytes().decode() == HEAD + "".join(others)
    assert taken(uploads, key_file) == 0


def test_files_are_read_as_their_import_reads_them(uploads: UploadStore, key_file: KeyFile) -> None:
    record = key_file.stream_of(SYSTEM, "candidate", "4711")
    mapped = Wording.model_validate({"columns": {"candidate": "Who"}, "writing": {"delimiter": ";"}})
    touches = put(uploads, "Who;kind;at\n4711;note-written;x\n4712;note-written;4711\n", kind="touchpoints",
                  wording=mapped)  # fmt: skip
    lines = [{"id": "4711"}, {"id": "8", "links": ["mailto:ines@example.org"]}, {"id": "9", "name": "4711"}]
    objects = put(
        uploads, "".join(json.dumps(line) + "\n" for line in lines) + "{half ines@example.org\n", written="ndjson"
    )
    assert taken(uploads, key_file, record) == 4
    assert touches.read_text() == "Who;kind;at\n4712;note-written;4711\n"
    assert objects.read_text() == json.dumps(lines[2]) + "\n"


def test_rejected_lines_go_too_and_their_time_stays(uploads: UploadStore, key_file: KeyFile) -> None:
    sheet = put(uploads, f"perennial_line,perennial_reason,{HEAD}2,why,{INES}3,why,8,Joan,,,\n", sheet=REJECTED,
                ended=NOW)  # fmt: skip
    before = sheet.parent.stat().st_mtime_ns
    assert taken(uploads, key_file) == 1
    assert sheet.read_text() == f"perennial_line,perennial_reason,{HEAD}3,why,8,Joan,,,\n"
    assert sheet.parent.stat().st_mtime_ns == before


def test_what_cannot_be_read_is_gone_through_line_by_line(uploads: UploadStore, key_file: KeyFile) -> None:
    broken = '5,"Joan"s,,,\n6,Lea,"ines@example.org"x,,\n7,Zoë,,,\n'
    path = put(uploads, HEAD + INES + broken)
    strange = put(uploads, "other,column\nines@example.org,1\n2,3\n")
    assert taken(uploads, key_file) == 3
    assert path.read_text() == HEAD + '5,"Joan"s,,,\n7,Zoë,,,\n'
    assert strange.read_text() == "other,column\n2,3\n"


def test_what_an_import_on_the_command_line_left_behind_goes(uploads: UploadStore, key_file: KeyFile) -> None:
    for text in (HEAD + INES, HEAD):
        folder = uploads.of(uuid4())
        folder.mkdir(parents=True)
        (folder / REJECTED).write_text(text)
    assert taken(uploads, key_file) == 1
    (left,) = (path for path in uploads.folder.glob(f"*/{REJECTED}"))
    assert left.read_text() == HEAD


def test_an_import_at_work_is_waited_for_if_it_names_the_person(uploads: UploadStore, key_file: KeyFile) -> None:
    other = put(uploads, HEAD + "5,Joan,,,\n")
    with alone(other.parent):
        assert taken(uploads, key_file) == 0
    path = put(uploads, HEAD + INES)
    with alone(path.parent), pytest.raises(ImportIsAtWork):
        taken(uploads, key_file)
    assert path.read_text() == HEAD + INES
    assert taken(uploads, key_file) == 1
    about = uploads.find(UUID(path.parent.name))
    assert about is not None
    assert about.size == len(HEAD)


def test_what_is_not_at_work_is_clean_before_anything_is_waited_for(uploads: UploadStore, key_file: KeyFile) -> None:
    paths = sorted(put(uploads, HEAD + INES) for _ in range(3))
    with alone(paths[0].parent), pytest.raises(ImportIsAtWork):
        taken(uploads, key_file)
    assert [path.read_text() for path in paths] == [HEAD + INES, HEAD, HEAD]


def test_half_a_file_that_a_killed_process_left_goes(uploads: UploadStore, key_file: KeyFile) -> None:
    path = put(uploads, HEAD)
    left = path.with_name(f"{UPLOAD}.new")
    left.write_text(HEAD + INES)
    assert taken(uploads, key_file) == 0
    assert not left.exists()


def test_an_empty_folder_and_no_person_to_look_for(tmp_path: Path, key_file: KeyFile) -> None:
    uploads = UploadStore(tmp_path / "none")
    assert forget(uploads, key_file, sought([], [])) == 0
    path = put(uploads, HEAD + INES)
    assert forget(uploads, key_file, sought([], [("email", " "), ("phone", "")])) == 0
    assert path.exists()


def test_of_a_line_that_is_refused_for_the_person_nothing_is_written_down(house: House) -> None:
    house.taken("candidates", HEAD + INES)
    record, log = house.stream("candidate", "4711"), house.importer.log
    command = RequestErasure(candidate=record, now=datetime.now(UTC))
    handle(log, VERB_OF, Occasion(uuid4(), "user:priya", command.now), lambda: (command,))
    lines = '{"id":"4711","name":"I. Prado","skills":["grafting"]}\n{"id":"8","emails":["INES@example.org"]}\n'
    path = house.file("again.ndjson", lines)
    assert house.import_("candidates", path).standing.reasons == {"candidate-is-erased": 1, "address-is-suppressed": 1}
    rejected = [json.loads(line) for line in house.rejected(path).read_text().splitlines()]
    assert [(line["perennial_line"], len(line)) for line in rejected] == [("1", 4), ("2", 5)]
    assert rejected[1]["id"] == "8"
