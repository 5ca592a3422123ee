"""A service that is told to stop lets those go who wait for something."""

import signal
import socket
import subprocess
import sys
import time

import httpx

from deploy.local.stack import ROOT

# Waits for an hour, unless it is told that the service stops.
PROGRAM = """
import asyncio, sys
from fastapi import FastAPI
from shared.plumbing.http.app import serve

app, told = FastAPI(), asyncio.Event()
app.state.on_stop = [told.set]

@app.get("/")
async def here(): return {}

@app.get("/wait")
async def wait():
    print("waiting", flush=True)
    await asyncio.wait_for(told.wait(), 3600)
    return {"told": True}

serve(app, "127.0.0.1", int(sys.argv[1]))
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_who_waits_is_answered_when_the_service_stops() -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        try:
            until_it_answers(port)
            with socket.create_connection(("127.0.0.1", port), timeout=30) as waiting:
                waiting.sendall(b"GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
                assert process.stdout is not None
                assert process.stdout.readline() == b"waiting\n"
                process.send_signal(signal.SIGTERM)
                answer = b""
                while piece := waiting.recv(4096):
                    answer += piece
            assert answer.startswith(b"HTTP/1.1 200")
            assert answer.endswith(b'{"told":true}')
            assert process.wait(30) == -signal.SIGTERM
        finally:
            process.kill()


def until_it_answers(port: int) -> None:
    for _ in range(600):
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 200
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not start")
