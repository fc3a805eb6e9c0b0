"""No answer grows with the number of people or of events: every list has pages, and a page has a cap."""

from __future__ import annotations

from typing import Any

from adapters.web.framework.document import Api
from tests.adapters.web.conftest import contract_of
from tests.adapters.web.test_contract import operations

MOST = 500
OF_ONE_THING = {
    "profile", "consents", "consent_receipt", "subject_access", "erasure", "erase_candidate", "accept_erasure_proposal",
    "candidate_communities", "candidates_of_address", "requisition", "application", "event_opening",
    "revoke_api_key", "record_touchpoints",
}  # fmt: skip
"""Lists that belong to one person, job, address, event, key or request, and grow with that alone."""
OF_THE_PERIOD = {
    "pipeline_growth", "engagement", "time_to_fill", "touchpoint_counts", "stage_conversion", "time_in_stage",
    "source_of_hire",
}  # fmt: skip
"""Rows by day, stage or code: they grow with the period that is asked for, not with what happened in it."""
OF_ITS_OWN_SIZE = {"log_consistency", "api_keys", "projections", "problems", "audit_bundle"}
"""Hashes, keys, read models and problems are few. A bundle is the log itself, to take away: it is streamed."""


def test_every_list_has_a_cap(app: Api) -> None:
    document = contract_of(app).described
    uncapped = {}
    for _, operation in operations(document):
        lists = lists_of(document, operation)
        limits = [
            parameter["schema"].get("maximum")
            for parameter in operation.get("parameters", ())
            if parameter["name"] == "limit"
        ]
        is_command = operation["operationId"][0].isupper()
        if lists and not is_command and not (limits and limits[0] is not None and limits[0] <= MOST):
            uncapped[operation["operationId"]] = lists
    assert set(uncapped) == {*OF_ONE_THING, *OF_THE_PERIOD, *OF_ITS_OWN_SIZE}, uncapped


def lists_of(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """The lists that the answer has at its top."""
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    fields = document["components"]["schemas"].get(name, {}).get("properties", {})
    return [field for field, schema in fields.items() if schema.get("type") == "array"]
