"""Every outside system that may send us something, one line a system."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.integrations import greenhouse
from adapters.integrations.inbound import Integration

INTEGRATIONS: Mapping[str, Integration] = {
    "greenhouse": greenhouse.INTEGRATION,
}
