"""A vendor hands over its signing secret at run time: once, while an operator has opened a handshake for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.intake.integrations.inbound import Integration
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.tables.learned_secrets import LearnedSecrets
from domain.errors import ExplainedError

LONGEST = timedelta(minutes=60)
LONGEST_SECRET = 512
NONCE_BYTES = 12


class HandshakeIsNotOpen(ExplainedError):
    """Handshake not open

    No handshake is open for this integration, so the secret was not taken.

    Run `perennial handshakes open` with the name of the integration, then activate the webhook again.
    """


class IntegrationHasSecret(ExplainedError):
    """Secret already known

    The integration '{name}' has a secret already, and a handshake never replaces one.

    Take it out of PERENNIAL_INBOUND_SECRETS, or run `perennial handshakes forget {name}`, first.
    """


class IntegrationHasNoHandshake(ExplainedError):
    """No handshake

    The integration '{name}' hands over no secret.

    Set its secret in PERENNIAL_INBOUND_SECRETS.
    """


@dataclass(frozen=True, slots=True)
class Handshakes:
    """Opens handshakes, takes the secrets that they bring, and gives them to verify with.

    A secret is sealed by a key that follows from the key file and is never written down.
    """

    table: LearnedSecrets
    key_file: KeyFile

    def open(self, integration: Integration, configured: Sequence[str], now: datetime, lasts: timedelta) -> datetime:
        """Open a handshake, and return when it closes. Errors: IntegrationHasNoHandshake, IntegrationHasSecret."""
        if integration.handshake is None:
            raise IntegrationHasNoHandshake(name=integration.name)
        closes_at = now + min(lasts, LONGEST)
        if configured or not self.table.open(integration.name, closes_at):
            raise IntegrationHasSecret(name=integration.name)
        return closes_at

    def learn(self, integration: Integration, configured: Sequence[str], secret: str, now: datetime) -> None:
        """Take the secret of an open handshake, which closes it. Errors: HandshakeIsNotOpen."""
        is_secret = 0 < len(secret) <= LONGEST_SECRET and secret.isascii() and secret.isprintable()
        may_be_learned = is_secret and not configured
        if not (may_be_learned and self.table.learn(integration.name, self._sealed(integration, secret), now)):
            raise HandshakeIsNotOpen

    def secrets(self, integration: Integration) -> tuple[str, ...]:
        """Return the secret that the integration has handed over, if any."""
        sealed = None if integration.handshake is None else self.table.sealed(integration.name)
        if sealed is None:
            return ()
        name = integration.name.encode()
        return (self._cipher(integration).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name).decode(),)

    def forget(self, integration: Integration) -> bool:
        """Delete the secret of an integration. Return whether there was one, or an open handshake."""
        return self.table.forget(integration.name)

    def _sealed(self, integration: Integration, secret: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(integration).encrypt(nonce, secret.encode(), integration.name.encode())

    def _cipher(self, integration: Integration) -> AESGCM:
        return AESGCM(sealing_key(self.key_file, integration.name))


def sealing_key(key_file: KeyFile, name: str) -> bytes:
    """Return the key that seals the secret of an integration. It follows from the part of the file that stays."""
    return bytes.fromhex(key_file.fingerprint("secret of an integration", name.encode()))
