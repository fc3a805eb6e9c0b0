"""The OpenAPI document, and a page to read and try the API, which may load exactly what it needs."""

from __future__ import annotations

import asyncio
import base64
import hashlib

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from adapters.exports.plain import as_json

BASE = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.17.14"
SCRIPT = "sha384-wmyclcVGX/WhUkdkATwhaK1X1JtiNrr2EoYJ+diV3vj4v6OC5yCeSu+yW13SYJep"
STYLE = "sha384-wxLW6kwyHktdDGr6Pv1zgm/VGJh99lfUbzSn6HNHBENZlCN7W602k9VkGdxuFvPn"
"""The digests of that release's files. Browsers refuse a file with another digest."""
START = "SwaggerUIBundle({url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null});"
PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Perennial</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{BASE}/swagger-ui.css" integrity="{STYLE}" crossorigin="anonymous">
</head>
<body>
<div id="docs">The description itself is at <a href="/openapi.json">/openapi.json</a>.</div>
<script src="{BASE}/swagger-ui-bundle.js" integrity="{SCRIPT}" crossorigin="anonymous"></script>
<script>{START}</script>
</body>
</html>
"""


def digest_of(script: str) -> str:
    """Return the digest of an inline script, as a policy writes it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; script-src {BASE}/swagger-ui-bundle.js '{digest_of(START)}'; "
    f"style-src {BASE}/swagger-ui.css; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Description:
    """The OpenAPI document as JSON. It is computed once, in a thread, because it is long and needs no key."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._written: asyncio.Future[bytes] | None = None

    async def page(self, _: Request) -> Response:
        """Return the document."""
        written = self._written
        if written is None or (written.done() and (written.cancelled() or written.exception())):
            written = self._written = asyncio.ensure_future(run_in_threadpool(self._write))
        return Response(await asyncio.shield(written), media_type="application/json")

    def _write(self) -> bytes:
        return as_json(self._app.openapi())


async def docs(_: Request) -> Response:
    return Response(PAGE, headers={"Content-Security-Policy": POLICY}, media_type="text/html")


def add_docs(app: FastAPI) -> None:
    """Add both routes in place of the framework's own."""
    app.add_route("/openapi.json", Description(app).page, include_in_schema=False)
    app.add_route("/docs", docs, include_in_schema=False)
