"""What an operator sets wrongly is refused at the start, by name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from adapters.settings import Settings


@pytest.mark.parametrize("setting", ["rate_limit", "failed_key_limit"])
@pytest.mark.parametrize(
    ("limit", "reason"), [("0/second", "allows no request"), ("9/second;1/minute", "is not written like 600/second")]
)
def test_a_limit_allows_requests_and_is_a_single_limit(setting: str, limit: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings.model_validate({setting: limit})


def test_secrets_of_an_integration_that_does_not_exist_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"'no-such-system' is no integration; there are: .*greenhouse"):
        Settings(inbound_secrets={"no-such-system": (SecretStr("between us"),)})


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        ({"greenhouse": {"base": "https://x.example", "token": "t"}}, "'greenhouse' is not fetched from"),
        ({"lever": {"base": "http://x.example", "token": "t"}}, "is no https URL of a host alone"),
        ({"lever": {"base": "https://x.example/v1", "token": "t"}}, "is no https URL of a host alone"),
    ],
)
def test_what_is_fetched_from_a_vendor_comes_from_one_safe_host(access: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings.model_validate({"inbound_fetch": access})
