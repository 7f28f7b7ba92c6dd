"""A web page of the standard library that shows what it was given."""

import http.server
import json
import os
import sys

NAMES = ("GREETING", "LONG", "CHOICE", "DISK", "MEMORY", "FIRST_COPY", "DATABASE")


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({name: os.environ.get(name) for name in NAMES}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
