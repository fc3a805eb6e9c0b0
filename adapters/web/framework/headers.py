"""What every answer tells browsers and whoever stands between: keep, guess, run and frame nothing."""

from __future__ import annotations

from adapters.web.framework.limits import App, Message, Receive, Scope, Send

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a page may load and do; one that needs more says so itself."""
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": POLICY.encode(),
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
A_YEAR = b"max-age=31536000"


class SecurityHeadersMiddleware:
    """Puts these headers on every answer that does not say otherwise itself, errors among them. `https`: Perennial is
    reached by HTTPS alone, and browsers are to know."""

    def __init__(self, app: App, *, https: bool) -> None:
        self.app = app
        self.headers = {**ALWAYS, **({b"strict-transport-security": A_YEAR} if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = list(message.get("headers", ()))
                said = {name.lower() for name, _ in told}
                told += [(name, value) for name, value in self.headers.items() if name not in said]
                message = {**message, "headers": told}
            await send(message)

        await self.app(scope, receive, send_guarded)
