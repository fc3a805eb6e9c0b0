"""Every outside system that delivers to Perennial: one line each."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.intake.integrations.ashby import ASHBY
from adapters.intake.integrations.greenhouse import GREENHOUSE
from adapters.intake.integrations.inbound import Integration
from adapters.intake.integrations.lever import LEVER
from adapters.intake.integrations.smartrecruiters import SMARTRECRUITERS
from domain.errors import ExplainedError

INTEGRATIONS: Mapping[str, Integration] = {
    integration.name: integration
    for integration in (
        ASHBY,
        GREENHOUSE,
        LEVER,
        SMARTRECRUITERS,
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
