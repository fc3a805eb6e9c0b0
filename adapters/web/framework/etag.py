"""The ETag of a stream is its version, and If-Match says which version a change may be made to."""

from __future__ import annotations

import re

from adapters.web.framework.refusals import PreconditionCannotBeRead

VERSION = re.compile(r'^(?:\*|"([0-9]{1,15})")$')


def etag(version: int) -> str:
    return f'"{version}"'


def expected_version(if_match: str) -> int | None:
    """The version that If-Match names; None where it names none in particular. Errors: PreconditionCannotBeRead."""
    if if_match.strip() == "*":
        return None
    found = VERSION.fullmatch(if_match.strip())
    if found is None:
        raise PreconditionCannotBeRead
    return int(found[1])
