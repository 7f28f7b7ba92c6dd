"""A web service of the standard library: says what it is asked, from inside its sandbox."""

# ruff: noqa: T201 - what it prints is its log

import http.server
import json
import os
import signal
import subprocess
import sys


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(
            {
                "greeting": os.environ.get("GREETING"),
                "environment": dict(os.environ),
                "pid": os.getpid(),
                "uid": os.getuid(),
                "path": self.path,
            }
        ).encode()
        self._answer(body)

    def do_POST(self) -> None:
        """Run the command (a JSON list) and tell what it said."""
        command = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        self._answer(
            json.dumps({"status": done.returncode, "out": done.stdout, "err": done.stderr}).encode()
        )

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def leave(number: int, frame: object) -> None:
    print("leaving in order", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, leave)
print("hello from the service", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
