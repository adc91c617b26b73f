"""The scripted server that both programs ask: the same answer for the same words."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

PREFIX = "Say: "
_ANSWERS = (
    "Bonjour le monde",
    '{"color": "yellow", "countries": ["Ecuador"]}',
    "¿Dónde está la biblioteca?",
    "Yarr",
    "I'm sorry, but I cannot help with that.",
    "An echo in the darkness.",
)


def answer(words: str) -> str:
    """Return what is answered to a message: what it says to say, or one of a few texts."""
    if words.startswith(PREFIX):
        return words.removeprefix(PREFIX)
    return _ANSWERS[sum(words.encode()) % len(_ANSWERS)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = str(asked.get("messages", [{"content": ""}])[-1]["content"])
        body = json.dumps(
            {
                "id": "answer",
                "object": "chat.completion",
                "model": asked.get("model"),
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": answer(words)},
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class ScriptedServer:
    """The server, on a port of its own while the context is open."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
