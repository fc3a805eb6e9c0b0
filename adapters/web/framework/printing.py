"""Pages to read and to print: one file that loads nothing else, readable also where its style is not taken."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from adapters.runtime.entropy import ENTROPY
from domain.event import Erased, utc

NONCE_BYTES = 16
POLICY = "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a browser may do with the page: show it, in the one style that bears the page's own nonce."""


def told(value: Any) -> Any:
    """A value as a reader wants it: a moment to the second, and a word for what is not there."""
    if isinstance(value, datetime):
        return f"{utc(value):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, Erased):
        return "erased"
    if isinstance(value, tuple | list):
        return ", ".join(value) if value else "none"
    return "not stated" if value is None else value


def environment() -> Environment:
    return Environment(
        loader=PackageLoader("adapters.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=told,
    )  # fmt: skip


TEMPLATES = environment()


def printed(template: str, **values: Any) -> Response:
    """The page of a template in adapters/web/templates, which is given `values` and the `nonce` of its style."""
    nonce = base64.b64encode(ENTROPY.take(NONCE_BYTES)).decode()
    page = TEMPLATES.get_template(template).render(**values, nonce=nonce)
    return Response(
        page, headers={"Content-Security-Policy": POLICY.format(nonce=nonce)}, media_type="text/html; charset=utf-8"
    )
