"""What registering is measured against: FastAPI, three inserts in one transaction, nothing else.

    BARE_DSN=postgresql://... python -m bench.bare <port>

The same uvicorn settings, the same Postgres and the same body as the registry's.
"""

import contextlib
import os
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from pydantic import BaseModel

from shared.plumbing.http import serve

SCHEMA = """
CREATE TABLE IF NOT EXISTS bare_entity (code text PRIMARY KEY, name text, capital bigint, body text);
CREATE TABLE IF NOT EXISTS bare_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL, body text NOT NULL);
CREATE TABLE IF NOT EXISTS bare_reference (reference text PRIMARY KEY, code text NOT NULL);
"""  # noqa: E501


class Body(BaseModel):
    """The body of a registration, as anybody would write it."""

    code: str
    on: str
    reference: str
    legal_form: str
    name: str
    capital_vnd: int
    commune: str
    industry: dict[str, str]


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["BARE_DSN"], min_size=4, max_size=16) as pool:
        await pool.execute(SCHEMA)
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/readyz")
async def readyz() -> str:
    return "ready"


@app.post("/v1/enterprises", status_code=201)
async def enterprise(body: Body, request: Request) -> dict[str, Any]:
    text = body.model_dump_json()
    async with request.app.state.pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "INSERT INTO bare_entity (code, name, capital, body) VALUES ($1, $2, $3, $4)",
            body.code,
            body.name,
            body.capital_vnd,
            text,
        )
        await conn.execute("INSERT INTO bare_event (code, body) VALUES ($1, $2)", body.code, text)
        await conn.execute(
            "INSERT INTO bare_reference (reference, code) VALUES ($1, $2)",
            body.reference,
            body.code,
        )
    return {"code": body.code, "event_id": str(uuid.uuid4()), "repeated": False}


if __name__ == "__main__":
    serve(app, "127.0.0.1", int(sys.argv[1]))
