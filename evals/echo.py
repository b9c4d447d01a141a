"""A loopback server that speaks enough of the OpenAI protocol to be measured against: it answers at once, or at a pace.

Thinks nothing. It runs in a process of its own (`python -m evals.echo`), so that it takes no time from its client.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

WORDS = "The hidden state is the memory of the network [1].\nP1: MADE\nP2: MADE\nP3: MADE"


def _event(choices: list[dict[str, object]], **more: object) -> bytes:
    body = {"id": "echo", "object": "chat.completion.chunk", "created": 0, "model": "echo", "choices": choices, **more}
    return _frame(f"data: {json.dumps(body)}\n\n".encode())


def _chunk(text: str, finish: str | None = None) -> bytes:
    return _event([{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}])


def _frame(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens}


def _length(head: bytes) -> int:
    """The length of the body that the head of a request announces."""
    lines = (line.lower() for line in head.split(b"\r\n"))
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length")), 0)


class _Echo:
    """One way of answering: seconds to the first token, seconds between tokens, how many tokens."""

    def __init__(self, first: float, gap: float, tokens: int) -> None:
        self._first = first
        self._gap = gap
        words = WORDS.split(" ")
        self._pieces = [f"{words[n % len(words)]} " for n in range(tokens - 1)] + ["\nP1: MADE"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                streamed = b'"stream":true' in body.replace(b" ", b"")
                await (self._answer(writer) if streamed else self._whole(writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _whole(self, writer: asyncio.StreamWriter) -> None:
        """The same reply in one piece, as late as its last token."""
        await asyncio.sleep(self._first + self._gap * len(self._pieces))
        message = {"role": "assistant", "content": "".join(self._pieces)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        about = {"id": "echo", "object": "chat.completion", "created": 0, "model": "echo"}
        body = json.dumps({**about, "choices": [choice], "usage": _usage(len(self._pieces))}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        if self._first:
            await asyncio.sleep(self._first)
        for piece in self._pieces:
            if writer.is_closing():
                return
            writer.write(_chunk(piece))
            if self._gap:
                await writer.drain()
                await asyncio.sleep(self._gap)
        used = _event([], usage=_usage(len(self._pieces)))
        writer.write(_chunk("", "stop") + used + _frame(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()


async def _main(first: float, gap: float, tokens: int) -> None:
    server = await asyncio.start_server(_Echo(first, gap, tokens).serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


@contextmanager
def echo(*, first: float = 0.0, gap: float = 0.0, tokens: int = 20) -> Iterator[str]:
    """Start the server; gives its base URL and stops it at the end."""
    words = [sys.executable, "-m", "evals.echo", f"--first={first}", f"--gap={gap}", f"--tokens={tokens}"]
    # A client that hangs up early is part of the measurement; what asyncio says about it is not.
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=float, default=0.0)
    parser.add_argument("--gap", type=float, default=0.0)
    parser.add_argument("--tokens", type=int, default=20)
    asyncio.run(_main(**vars(parser.parse_args())))
