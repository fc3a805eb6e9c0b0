"""A file of touchpoints on its way through every decision into the log, beside PostgreSQL's own COPY of ready rows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from adapters.bootstrap import VERB_OF
from adapters.intake.imports.importing import Importer, Order
from adapters.lab.bench.figure import Figure, compared
from adapters.lab.bench.ground import Ground, analyze, opened
from adapters.postgres.migrate import EVENT_COLUMNS_OF_THE_SERVICE, SERVICE
from domain.errors import ExplainedError

SYSTEM = "old-crm"
LINES_A_PERSON = 20
PIECE = 256 * 1024
KILLS = 2
KINDS = ("email-sent", "email-opened", "email-replied", "call-answered", "note-written", "meeting-held")
NOTES = ("wants to hear from us again in the spring", "prefers a call in the evening", "asked about the notice period")
BEGINS = datetime(2019, 1, 1, tzinfo=UTC)


class ImportFailed(ExplainedError):
    """Import failed

    The import ended with exit code {code}: {output}

    Correct the cause and repeat the measurement.
    """

    def __init__(self, code: int, output: str) -> None:
        super().__init__(code=code, output=output)


class LinesWereLostOrDoubled(ExplainedError):
    """Lines lost or doubled

    Of {lines} lines {counted} touchpoints are in the log, {different} of them different, {missing} are missing.

    Do not release this version: the import loses or doubles lines.
    """

    def __init__(self, lines: int, counted: int, different: int, missing: int) -> None:
        super().__init__(lines=lines, counted=counted, different=different, missing=missing)


def importing(ground: Ground, *, lines: int, rounds: int) -> Figure:
    """Lines a second of `perennial import`, its start included, beside raw COPY of the rows that it wrote; then once
    more, killed twice on the way. Errors: LinesWereLostOrDoubled, ImportFailed."""
    people = prepared(ground, lines)
    file, rows = written(ground.folder / "touchpoints.csv", lines), ground.folder / "rows"
    rates: dict[str, list[float]] = {"ours": [], "raw COPY": []}
    peaks: list[int] = []
    for _ in range(rounds):
        conninfo = ground.plain("imported", "people")
        ground.settle()
        taken, peak = imported(ground, conninfo, file)
        peaks.append(peak)
        rates["ours"].append(lines / taken)
        copied_out(conninfo, people, rows)
        rates["raw COPY"].append(lines / copy_all(ground, rows))
    require_once(ground, conninfo, lines)
    done_after = killed_on_the_way(ground, file, lines)
    notes: dict[str, Any] = {"lines": lines, "people": people, "peak MB": max(peaks)}
    notes |= {f"killed {KILLS} times, after lines": done_after, "each line then in the log exactly once": True}
    return compared("import", "a file of touchpoints imported", "lines/s", rates, "at least", 0.25, notes)


def prepared(ground: Ground, lines: int) -> int:
    """Make a log of the people whom the file is about, imported themselves; return how many they are."""
    people = max(10, lines // LINES_A_PERSON)
    file = ground.folder / "people.csv"
    with file.open("w") as out:
        out.write("id,at,source,role,name\n")
        out.writelines(f"p{n},2019-01-01T09:00:00Z,fair,gardener,Person {n}\n" for n in range(people))
    conninfo = ground.empty_log("people")
    with opened(ground, conninfo, SERVICE) as log:
        importer = Importer(log, VERB_OF, ZoneInfo("UTC"), lambda: datetime.now(UTC), ground.folder / "imports")
        importer.import_file(Order(file, "candidates", SYSTEM, "csv"), {})
    analyze(conninfo)
    return people


def written(file: Path, lines: int) -> Path:
    """Write a file of that many touchpoints, spread over the people and the years, with a note on each third."""
    luck = random.Random(7)  # noqa: S311 - a benchmark, not a secret
    people = max(10, lines // LINES_A_PERSON)
    with file.open("w") as out:
        out.write("id,candidate,kind,at,message,note\n")
        for n in range(lines):
            at = BEGINS + timedelta(seconds=n * 200_000_000 // lines)
            note = luck.choice(NOTES) if n % 3 == 0 else ""
            out.write(f"t{n},p{luck.randrange(people)},{luck.choice(KINDS)},{at:%Y-%m-%dT%H:%M:%SZ},m{n // 3},{note}\n")
    return file


def started(ground: Ground, conninfo: str, file: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": conninfo,
        "PERENNIAL_KEY_FILE": str(ground.key_path),
        "PERENNIAL_DATA_FOLDER": str(ground.folder),
    }
    command = [sys.executable, "-m", "adapters.cli.main", "import", "touchpoints", str(file), "--system", SYSTEM]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)  # noqa: S603 - our own program


def imported(ground: Ground, conninfo: str, file: Path) -> tuple[float, int]:
    """Seconds and peak memory (MB) of one import in a process of its own. Errors: ImportFailed."""
    began = time.perf_counter()
    process = started(ground, conninfo, file)
    with cast(IO[bytes], process.stderr) as stderr:
        output = stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ImportFailed(process.returncode, output.decode()[-500:])
    return time.perf_counter() - began, usage.ru_maxrss // 1024


def copied_out(conninfo: str, people: int, rows: Path) -> None:
    """Writes down the rows that the import made, as COPY takes them."""
    query = sql.SQL("copy (select {} from event where position > {} order by position) to stdout")
    with psycopg.connect(conninfo) as connection, rows.open("wb") as out:
        columns = sql.SQL(EVENT_COLUMNS_OF_THE_SERVICE)
        with connection.cursor().copy(query.format(columns, sql.Literal(people))) as copy:
            for piece in copy:
                out.write(piece)


def copy_all(ground: Ground, rows: Path) -> float:
    """Seconds for one COPY of all rows into the same table, with the same people in it, its commit included."""
    conninfo = ground.plain("copied", "people")
    ground.settle()
    with psycopg.connect(conninfo) as connection, rows.open("rb") as file:
        began = time.perf_counter()
        into = sql.SQL("copy event ({}) from stdin").format(sql.SQL(EVENT_COLUMNS_OF_THE_SERVICE))
        with connection.cursor().copy(into) as copy:
            while piece := file.read(PIECE):
                copy.write(piece)
        connection.commit()
        taken = time.perf_counter() - began
    ground.drop("copied")
    return taken


def killed_on_the_way(ground: Ground, file: Path, lines: int) -> list[int]:
    """Imports into another log and kills the process (SIGKILL) on the way, then lets it end; how many lines were in
    the log after each death. Errors: LinesWereLostOrDoubled, ImportFailed."""
    conninfo = ground.plain("killed", "people")
    done_after = []
    for number in range(1, KILLS + 1):
        process = started(ground, conninfo, file)
        while process.poll() is None and recorded(conninfo) < lines * number // (KILLS + 1):
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done_after.append(recorded(conninfo))
    imported(ground, conninfo, file)
    require_once(ground, conninfo, lines)
    ground.drop("killed")
    return done_after


def recorded(conninfo: str) -> int:
    """Return how many touchpoints are in the log."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select count(*) from event where type = 'touchpoint-recorded.v1'").fetchone()
    return 0 if row is None else int(row[0])


def require_once(ground: Ground, conninfo: str, lines: int) -> None:
    """Raises LinesWereLostOrDoubled, unless the touchpoint of every line is in the log exactly once."""
    expected = {ground.key_file.stream_of(SYSTEM, "touchpoint", f"t{n}") for n in range(lines)}
    count, different = 0, set()
    for touchpoint in touchpoints(conninfo):
        count += 1
        different.add(touchpoint)
    if count != lines or different != expected:
        raise LinesWereLostOrDoubled(lines, count, len(different), len(expected - different))


def touchpoints(conninfo: str) -> Iterator[UUID]:
    with psycopg.connect(conninfo) as connection, connection.cursor("touchpoints") as cursor:
        cursor.itersize = 10_000
        query = "select (clear->>'touchpoint')::uuid from event where type = 'touchpoint-recorded.v1'"
        yield from (touchpoint for (touchpoint,) in cursor.execute(query))
