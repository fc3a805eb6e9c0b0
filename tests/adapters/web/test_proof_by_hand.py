"""The few lines with which docs/audit.md has a stranger check one event hold what is true, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from adapters import bootstrap
from adapters.settings import Settings
from tests.adapters.web.conftest import Post

AUDIT = Path(__file__).parents[3] / "docs" / "audit.md"
ALTERED = {
    "the clear data": ("opening.json", "email", "phone"),
    "the leaf": ("opening.json", "user:", "api:"),
    "the index": ("proof.txt", "index 1\n", "index 0\n"),
    "an index beyond": ("proof.txt", "index 1\n", "index 4711\n"),
    "a hash too many": ("proof.txt", "\n\n", "\n" + "A" * 43 + "=\n\n"),
    "the size": ("proof.txt", "\n3\n", "\n4\n"),
    "the key": ("key.txt", "+", "+0"),
}


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    (script,) = re.findall(r"```python\n(.*?)```", AUDIT.read_text("utf-8"), re.DOTALL)
    (tmp_path / "by_hand.py").write_text(script, "utf-8")
    return tmp_path


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "by_hand.py"], cwd=folder, capture_output=True, text=True, check=False)


def test_it_holds_and_notices_each_alteration(
    client: httpx.Client, post: Post, candidate: UUID, database: str, settings: Settings, by_hand: Path
) -> None:
    consent = post(
        f"/v1/candidates/{candidate}/consents", purpose="talent_pool", channels=["email"], notice="n",
        notice_version="1",
    )["events"][0]["id"]  # fmt: skip
    post(f"/v1/candidates/{candidate}/sends", kind="email-sent")
    with bootstrap.sequencer(database, settings) as sequencer:
        sequencer.catch_up()
    got = {"key.txt": "log/key", "proof.txt": f"events/{consent}/proof", "opening.json": f"events/{consent}/content"}
    texts = {name: client.get(f"/v1/{path}").text for name, path in got.items()}
    for name, text in texts.items():
        (by_hand / name).write_text(text, "utf-8")
    held = run(by_hand)
    assert held.stdout.startswith("leaf 1 of 3 is in the log: consent-given.v1"), held.stderr
    assert json.loads(texts["opening.json"])["event"] == consent
    for what, (name, true, false) in ALTERED.items():
        assert true in texts[name], what
        (by_hand / name).write_text(texts[name].replace(true, false), "utf-8")
        assert run(by_hand).returncode != 0, what
        (by_hand / name).write_text(texts[name], "utf-8")
    assert run(by_hand).returncode == 0
