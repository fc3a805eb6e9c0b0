"""Every outside system that delivers to Perennial: one line each."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.intake.integrations import greenhouse
from adapters.intake.integrations.inbound import Integration

INTEGRATIONS: Mapping[str, Integration] = {
    integration.name: integration
    for integration in (
        greenhouse.INTEGRATION,
    )
}  # fmt: skip


class IntegrationDoesNotExist(Exception):
    """There is no integration named {name}. There are: {names}."""

    def __init__(self, name: str) -> None:
        super().__init__((self.__doc__ or "").format(name=name[:100], names=", ".join(INTEGRATIONS)))


def integration_named(name: str) -> Integration:
    """Return the integration of that name. Errors: IntegrationDoesNotExist."""
    if name not in INTEGRATIONS:
        raise IntegrationDoesNotExist(name)
    return INTEGRATIONS[name]
