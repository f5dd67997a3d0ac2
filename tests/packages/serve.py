"""A web server on loopback for the length of a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(SimpleHTTPRequestHandler):
    """Files of a folder, with ranges; the first answer about a file of `break_off` ends half way."""

    protocol_version = "HTTP/1.1"
    seen: list[str]
    break_off: set[str]

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        self.seen.append(self.path)
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        rest = data[start:]
        if path.name in self.break_off:
            self.break_off.remove(path.name)
            rest = rest[: len(rest) // 2]
            self.close_connection = True
        self.wfile.write(rest)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve(folder: Path, break_off: set[str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """The address of a server of `folder`, and the paths that it was asked for."""
    seen: list[str] = []
    handler = type("Handler", (_Handler,), {"seen": seen, "break_off": break_off or set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
