"""The security headers of every answer: browsers and proxies cache, sniff, run and frame nothing."""

from __future__ import annotations

from adapters.web.framework.limits import App, Message, Receive, Scope, Send

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a page may load and do. A page that needs more sends a policy of its own."""
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": POLICY.encode(),
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
A_YEAR = b"max-age=31536000"


class SecurityHeadersMiddleware:
    """Adds the headers to every answer that does not set them, including errors.

    `https`: whether Perennial is reached by HTTPS alone; then Strict-Transport-Security is added.
    """

    def __init__(self, app: App, *, https: bool) -> None:
        self.app = app
        self.headers = {**ALWAYS, **({b"strict-transport-security": A_YEAR} if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in self.headers.items() if name not in present]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_guarded)
