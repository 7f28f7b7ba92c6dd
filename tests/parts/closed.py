"""Look at what a process listens on, and knock without a key."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

# What a gRPC client sends first: the HTTP/2 preface and empty settings.
_HTTP2_START = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_LISTENING = "0A"


def listening_ports(pid: int) -> set[tuple[str, int]]:
    """Return address and port of every TCP socket on which the process listens."""
    owned = _sockets_of(pid)
    found = set()
    for table, length in (("tcp", 8), ("tcp6", 32)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, port = fields[1].split(":")
            if fields[3] == _LISTENING and fields[9] in owned:
                family = socket.AF_INET if length == 8 else socket.AF_INET6
                words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, length, 8)]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found


def listening_sockets(pid: int) -> set[Path]:
    """Return every unix socket of the process that has a path."""
    owned = _sockets_of(pid)
    lines = Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return {Path(entry[7]) for entry in fields if len(entry) > 7 and entry[6] in owned}


def answer_to_grpc(
    connection: socket.socket, certificate: tuple[Path, Path] | None = None
) -> bytes:
    """Return what a gRPC server says to a client over TLS, with or without a certificate.

    A server that lets the client in begins with its settings; empty means refused.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if certificate is not None:
        context.load_cert_chain(*certificate)
    connection.settimeout(30)
    try:
        with connection, context.wrap_socket(connection) as secured:
            secured.sendall(_HTTP2_START)
            return secured.recv(9)
    except (ssl.SSLError, ConnectionError):
        return b""


def answer_to_plain_grpc(connection: socket.socket) -> bytes:
    """Return what the server says to a client that speaks without TLS."""
    connection.settimeout(30)
    with connection:
        try:
            connection.sendall(_HTTP2_START)
            return connection.recv(9)
        except ConnectionError:
            return b""


def tcp(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def unix(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(str(path))
    return connection


def _sockets_of(pid: int) -> set[str]:
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    return inodes
