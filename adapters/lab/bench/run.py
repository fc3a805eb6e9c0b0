"""The benchmark from its first figure to its last: measured side by side, shown, and written down."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from adapters.lab.bench.appending import single_appends, tail
from adapters.lab.bench.asking import queries
from adapters.lab.bench.bulk import bulk_append
from adapters.lab.bench.commanding import long_stream
from adapters.lab.bench.figure import Figure, Tail
from adapters.lab.bench.folding import read_models
from adapters.lab.bench.ground import Ground, own_ground
from adapters.lab.bench.importing import importing
from adapters.lab.bench.proving import proving, sequenced_appends
from adapters.lab.bench.report import DOCUMENT, PAGE, Results, say, show, write
from adapters.lab.bench.searching import directory_searches
from adapters.lab.bench.serving import http_command

Options = argparse.Namespace
Measure = Callable[[Ground, Options], "Sequence[Figure | Tail]"]

MEASURES: Mapping[str, Measure] = {
    "single": lambda ground, o: [single_appends(ground, seconds=o.seconds, rounds=o.rounds)],
    "tail": lambda ground, o: [tail(ground, seconds=o.tail_seconds)],
    "bulk": lambda ground, o: [bulk_append(ground, events=max(1_000, o.events // 5), rounds=o.rounds)],
    "import": lambda ground, o: [importing(ground, lines=max(1_000, o.events // 5), rounds=max(1, o.rounds // 2))],
    "read-models": lambda ground, o: [
        read_models(ground, events=max(1_000, o.events // 5), stock_events=max(1_000, o.events // 200), rounds=o.rounds)
    ],
    "queries": lambda ground, o: queries(ground, events=o.events, calls=o.calls),
    "search": lambda ground, o: [directory_searches(ground, people=o.people, calls=o.calls)],
    "sequenced": lambda ground, o: [sequenced_appends(ground, seconds=o.seconds, rounds=o.rounds)],
    "proofs": lambda ground, o: proving(ground, events=o.events, calls=o.calls),
    "long-stream": lambda ground, o: [long_stream(ground, calls=o.calls)],
    "http": lambda ground, o: [http_command(ground, seconds=o.seconds, rounds=o.rounds)],
}


def run(arguments: list[str]) -> None:
    """Measures what is asked for. Exit code 1 when a figure misses its target, or a reader an event."""
    options = read(arguments)
    with own_ground() as ground:
        results = Results.begun(
            ground.about(), "make bench" if not arguments else f"perennial bench {' '.join(arguments)}"
        )
        for name in options.only or MEASURES:
            began = time.monotonic()
            say.print(f"measuring {name} ...", highlight=False)
            measured = MEASURES[name](ground, options)
            results.figures += measured
            say.print(f"{name} took {time.monotonic() - began:.0f} s", highlight=False)
            show(measured)
    if not options.only:
        show(results.figures)
        write(results)
    if not all(figure.met for figure in results.figures):
        sys.exit(1)


def read(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="perennial bench",
        description=f"Ratios within one run. A whole run is written to {DOCUMENT} and {PAGE}, a part only shown.",
    )
    parser.add_argument("--only", choices=list(MEASURES), action="append", help="this figure alone; may be repeated")
    parser.add_argument("--events", type=int, default=1_000_000, help="size of the largest log (default 1,000,000)")
    parser.add_argument(
        "--people", type=int, default=1_000_000, help="size of the largest directory (default 1,000,000)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant (default 5)")
    parser.add_argument("--calls", type=int, default=300, help="calls of each query and command (default 300)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn under load (default 5)")
    parser.add_argument(
        "--tail-seconds", type=float, default=60.0, help="how long the tailing reader runs (default 60)"
    )
    return parser.parse_args(arguments)
