"""The time of day of the house's processes, stepped ahead and back; the machine's own clock is left alone."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
FURTHEST = 10 * 3600
"""Seconds from the right time. Two of them are less than an Idempotency-Key is kept."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A file that says how far the clock is off, and the library that makes processes believe it."""

    file: Path
    library: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process is started with; PostgreSQL has it from the process of ours that starts it."""
        return {"LD_PRELOAD": str(self.library), "PERENNIAL_DRILL_CLOCK": str(self.file)}

    def set(self, seconds: int) -> None:
        """Set the offset of the clock, which every running process follows at once."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("@l", seconds))

    def step(self, luck: random.Random) -> str:
        """To another time: behind if the clock was ahead, else ahead."""
        (before,) = struct.unpack("@l", self.file.read_bytes())
        after = luck.randrange(60, FURTHEST) * (-1 if before > 0 else 1)
        self.set(after)
        return f"a clock step of {(after - before) / 3600:+.1f} h"


def own_clock(folder: Path) -> Clock | None:
    """Return a clock for the processes of a house; None if no C compiler is there to make it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    clock = Clock(folder / "clock", folder / "clock.so")
    clock.file.write_bytes(struct.pack("@l", 0))
    clock.file.chmod(0o644)
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(clock.library), str(SOURCE)]
    made = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own source
    return clock if made.returncode == 0 else None
