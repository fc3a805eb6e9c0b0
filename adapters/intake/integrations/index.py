"""Every outside system that delivers to Perennial: one line each."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.intake.integrations import ashby, greenhouse, lever, smartrecruiters
from adapters.intake.integrations.inbound import Integration
from domain.errors import ExplainedError

INTEGRATIONS: Mapping[str, Integration] = {
    integration.name: integration
    for integration in (
        ashby.INTEGRATION,
        greenhouse.INTEGRATION,
        lever.INTEGRATION,
        smartrecruiters.INTEGRATION,
    )
}


class IntegrationDoesNotExist(ExplainedError):
    """Unknown integration

    There is no integration named '{name}'.

    Use one of: {names}.
    """


def integration_named(name: str) -> Integration:
    """Return the integration of that name. Errors: IntegrationDoesNotExist."""
    if name not in INTEGRATIONS:
        raise IntegrationDoesNotExist(name=name[:100], names=", ".join(INTEGRATIONS))
    return INTEGRATIONS[name]
