"""Gives events their leaves in the Merkle tree and signs checkpoints. It alone needs the signing folder."""

from __future__ import annotations

from eventsourcing.postgres import PostgresDatastore

from adapters import bootstrap
from adapters.postgres.proof.tree_rows import Proofs, TreeIsTorn
from adapters.proof.signer import ForkFound, SigningFolderIsUnusable
from adapters.runtime.supervision import Work
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings


def start(host: Host) -> Work:
    """Return the work of the sequencer."""
    return host.enter(bootstrap.sequencer(host.conninfo, host.settings)).run


def lag(datastore: PostgresDatastore, _: Settings) -> float:
    """Return how long the oldest event without a checkpoint has waited."""
    return Proofs(datastore).waits()


EXPECTED = (ForkFound, TreeIsTorn, SigningFolderIsUnusable)
WORKER = Worker("sequencer", "give events their leaves and sign checkpoints", start, lag, EXPECTED)
