"""The ETag of a stream is its version; If-Match names the version that a change expects."""

from __future__ import annotations

import re

from adapters.web.framework.refusals import PreconditionCannotBeRead

VERSION = re.compile(r'^(?:\*|"([0-9]{1,15})")$')


def etag(version: int) -> str:
    return f'"{version}"'


def expected_version(if_match: str) -> int | None:
    """Return the version that If-Match names; None for '*', any version. Errors: PreconditionCannotBeRead."""
    if if_match.strip() == "*":
        return None
    match = VERSION.fullmatch(if_match.strip())
    if match is None:
        raise PreconditionCannotBeRead
    return int(match[1])
