"""Fetches from other machines: over HTTPS alone, without redirects, and bounded in size and time."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PIECE = 256 * 1024


class AnswerIsTooLarge(ValueError):
    """The answer is larger than {most} bytes."""

    def __init__(self, most: int) -> None:
        super().__init__((self.__doc__ or "").format(most=most))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it could lead to a host that is not trusted."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def is_safe(url: str) -> bool:
    """Return whether nothing on the way can change the answer: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def fetched(url: str, seconds: float, most: int, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the answer to a GET request. Errors: OSError (HTTPError, URLError and TimeoutError among them),
    ValueError, HTTPException."""
    if not is_safe(url):
        raise ValueError("it is fetched over https alone")
    give_up, came = time.monotonic() + seconds, b""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - its scheme was checked above
    with OPENER.open(request, timeout=seconds) as answer:
        while piece := answer.read1(PIECE):
            came += piece
            if len(came) > most:
                raise AnswerIsTooLarge(most)
            if time.monotonic() > give_up:  # its timeout is that of each piece
                raise TimeoutError
    return came
