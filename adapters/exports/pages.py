"""HTML pages to read and to print: one file that loads nothing else, readable also without its style."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from adapters.exports.plain import as_json, plain
from adapters.runtime.entropy import ENTROPY
from domain.event import Erased, utc
from queries.subject_access import SubjectAccess

NONCE_BYTES = 16
POLICY = "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a browser may do with a page: show it, in the one style that has the page's own nonce."""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page, and the Content-Security-Policy under which its style applies."""

    html: str
    policy: str


def legible(value: Any) -> Any:
    """Return a value for a reader: a moment to the second, and a word for what is absent."""
    if isinstance(value, datetime):
        return f"{utc(value):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, Erased):
        return "erased"
    if isinstance(value, tuple | list):
        return ", ".join(value) if value else "none"
    return "not stated" if value is None else value


def environment() -> Environment:
    """Return the templates of adapters/exports/templates."""
    return Environment(
        loader=PackageLoader("adapters.exports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=legible,
    )  # fmt: skip


TEMPLATES = environment()


def page(template: str, **values: Any) -> Page:
    """Return the page that a template makes of `values`; it also gets the `nonce` of its style."""
    nonce = base64.b64encode(ENTROPY.take(NONCE_BYTES)).decode()
    return Page(TEMPLATES.get_template(template).render(**values, nonce=nonce), POLICY.format(nonce=nonce))


def subject_access_page(answer: SubjectAccess) -> Page:
    """Return the report on a person as a page."""
    return page("subject_access.html", access=answer, worded=worded)


def worded(value: Any) -> str:
    """Return a field's value as text for a reader."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) if value else "none"
    text = plain(value)
    return text if isinstance(text, str) else as_json(text).decode()
