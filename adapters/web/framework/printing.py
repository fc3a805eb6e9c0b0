"""Responses that are HTML pages to read and to print."""

from __future__ import annotations

from fastapi import Response

from adapters.exports.pages import Page


def printed(page: Page) -> Response:
    """Return the response with a page, under the policy by which its style applies."""
    return Response(page.html, headers={"Content-Security-Policy": page.policy}, media_type="text/html; charset=utf-8")
