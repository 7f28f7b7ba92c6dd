"""A web service of the standard library: tells what reached it, and runs what it is told."""

import base64
import hashlib
import http.server
import json
import signal
import subprocess
import sys

# RFC 6455, 1.3
WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PAGE = b"<!doctype html><meta charset=utf-8><title>mirror</title><h1>mirror</h1>"


class Mirror(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._shake_hands()
        elif self.path.startswith("/headers"):
            self._answer("application/json", json.dumps(self.headers.items()).encode())
        else:
            self._answer("text/html", PAGE)

    def do_POST(self) -> None:
        """Run the command (a JSON list) and tell what it said."""
        command = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        said = {"status": done.returncode, "out": done.stdout, "err": done.stderr}
        self._answer("application/json", json.dumps(said).encode())

    def _shake_hands(self) -> None:
        key = self.headers["Sec-WebSocket-Key"] + WEBSOCKET
        accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self.wfile.write(b"\x81\x05hello")
        self.wfile.flush()
        self.rfile.read(1)
        self.close_connection = True

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Mirror).serve_forever()
