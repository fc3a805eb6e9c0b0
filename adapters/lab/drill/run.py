"""The drill: processes and the database are killed at random under load, and nothing acknowledged may be lost."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console

from adapters import bootstrap
from adapters.lab.drill.cluster import Cluster, own_cluster
from adapters.lab.drill.floods import FLOODS, WITHOUT_SECRET
from adapters.lab.drill.house import House, running_house
from adapters.lab.drill.killing import Drill
from adapters.lab.drill.rebuilding import rebuild_under_load
from adapters.lab.drill.strangers import ALL, flood_under_eyes
from adapters.lab.synthetic.history import history
from adapters.postgres.embedded.server import embedded_server
from adapters.postgres.keys.key_file import read_key_file
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.synthetic_log import load_synthetic
from adapters.settings import Settings

LAST_DAY = date(2026, 7, 1)
say = partial(Console().print, highlight=False, soft_wrap=True)


def run(arguments: Sequence[str]) -> None:
    """Drills, a line a round. Exit code 1 on any violation, each of which is named."""
    options = read(arguments)
    say(f"seed {options.seed}")
    with own_cluster() as cluster:
        with embedded_server(cluster.data, renew=True) as conninfo:
            fill(cluster, conninfo, options.events)
            if options.strangers:
                violations = list(flood_under_eyes(cluster, options.seconds, options.only, say))
        if not options.strangers:
            with running_house(cluster) as house:
                violations = list(drill(house, options))
        if violations:
            keep_logs(cluster)
    for violation in violations[:20]:
        say(f"VIOLATION: {violation}", style="red")
    say(f"{len(violations)} violations")
    sys.exit(1 if violations else 0)


def read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="perennial drill",
        description="Kills PostgreSQL and each process of ours under load, fills its disk, steps its clock.",
    )
    parser.add_argument("--rounds", type=int, default=50, help="how many times something is broken (default 50)")
    parser.add_argument("--seed", type=int, default=7, help="what is killed and when follows from it")
    parser.add_argument("--events", type=int, default=80_000, help="events in the log before it begins")
    parser.add_argument("--rebuild", action="store_true", help="no kills: rebuild every read model under load instead")
    parser.add_argument(
        "--strangers", action="store_true", help="no kills: floods of strangers beside a client instead"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each flood lasts (default 20)")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=(*(flood.name for flood in (WITHOUT_SECRET, *FLOODS)), ALL),
        metavar="FLOOD",
        help=f"this flood alone, or '{ALL}'; may be repeated",
    )
    return parser.parse_args(arguments)


def drill(house: House, options: argparse.Namespace) -> Iterator[str]:
    """Yield every violation found."""
    if options.rebuild:
        return rebuild_under_load(house, options.seed, say)
    return Drill(house, options.seed, say).rounds(options.rounds)


def fill(cluster: Cluster, conninfo: str, events: int) -> None:
    """Fill the log with a synthetic past, so that a rebuild has work to do when it is killed."""
    bootstrap.migrated(conninfo)
    story = history(events, 7, ends_on=LAST_DAY)
    bootstrap.bound(conninfo, Settings(data_folder=cluster.folder))
    with EventLog(conninfo, read_key_file(cluster.keys), role=bootstrap.OWNER) as owner:
        *_, written = load_synthetic(owner, story.recorded(), story.time_index())
    say(f"{written} events written beforehand")


def keep_logs(cluster: Cluster) -> None:
    """Copy the logs of all processes to a folder beside the drill's working folder."""
    kept = Path("drill-logs")
    kept.mkdir(exist_ok=True)
    for log in (*cluster.logs.glob("*.log"), cluster.log):
        (kept / log.name).write_bytes(log.read_bytes())
    say(f"the logs are kept in {kept}")
