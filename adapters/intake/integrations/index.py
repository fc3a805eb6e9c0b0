"""Every outside system that may send us something, one line a system."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.intake.integrations import greenhouse
from adapters.intake.integrations.inbound import Integration

INTEGRATIONS: Mapping[str, Integration] = {
    "greenhouse": greenhouse.INTEGRATION,
}
