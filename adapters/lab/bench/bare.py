"""What a web framework and a database can do at best: one route, one INSERT, nothing of ours."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from pydantic import BaseModel, ConfigDict

TABLE = """create table bare (id uuid primary key, candidate uuid not null, at timestamptz not null default now(),
           body jsonb not null)"""
INSERT = "insert into bare (id, candidate, body) values (%s, %s, %s)"
CONNECTIONS = 16


class Body(BaseModel):
    """The fields of a touchpoint, as our own route takes them."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    message: UUID | None = None
    machine: bool = False
    purpose: str | None = None
    reported_by: str = "unknown"
    note: str | None = None
    occurred_at: datetime | None = None


def threaded_app(conninfo: str) -> FastAPI:
    """Return an application with the route as a plain function, as most applications have it."""
    pool = ConnectionPool(conninfo, min_size=CONNECTIONS, open=True)
    app = FastAPI()

    @app.post("/candidates/{candidate}/touchpoints", status_code=201)
    def insert(candidate: UUID, body: Body) -> dict[str, Any]:
        made = uuid4()
        with pool.connection() as connection:
            connection.execute(INSERT, (made, candidate, Jsonb(body.model_dump(mode="json"))))
        return {"id": made}

    return app


def async_app(conninfo: str) -> FastAPI:
    """Return an application with the route on the event loop."""
    pool = AsyncConnectionPool(conninfo, min_size=CONNECTIONS, open=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/candidates/{candidate}/touchpoints", status_code=201)
    async def insert(candidate: UUID, body: Body) -> dict[str, Any]:
        made = uuid4()
        async with pool.connection() as connection:
            await connection.execute(INSERT, (made, candidate, Jsonb(body.model_dump(mode="json"))))
        return {"id": made}

    return app


def main(kind: str, conninfo: str, port: str) -> None:
    """Serves one of them, with the settings of `perennial serve`."""
    app = (async_app if kind == "async" else threaded_app)(conninfo)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
