"""A web service of the standard library to measure what is in front of it.

GET /           a few bytes
GET /paced?N    N bytes, at most 200 MB a second
WebSocket /ws   every message sent back (messages below 64 KiB, unfragmented)
"""

import asyncio
import base64
import hashlib
import signal
import sys

PACE = 200e6  # bytes a second
BLOCK = bytes(1 << 20)
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def paced(writer: asyncio.StreamWriter, size: int) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Length: %d\r\n\r\n" % size
    )
    clock = asyncio.get_running_loop().time
    begun, sent = clock(), 0
    while sent < size:
        block = BLOCK[: size - sent]
        writer.write(block)
        await writer.drain()
        sent += len(block)
        await asyncio.sleep(max(0.0, begun + sent / PACE - clock()))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: bytes) -> None:
    accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    while True:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(await reader.readexactly(2), "big")
        mask = await reader.readexactly(4)
        body = await reader.readexactly(size)
        if first & 0x0F == 8:
            writer.write(b"\x88\x00")
            await writer.drain()
            return
        plain = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))
        head = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        writer.write(bytes([first]) + head + plain)
        await writer.drain()


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            path = lines[0].split()[1]
            fields = (line.partition(b":") for line in lines[1:] if line)
            headers = {name.lower(): value.strip() for name, _, value in fields}
            if b"sec-websocket-key" in headers:
                await echo(reader, writer, headers[b"sec-websocket-key"])
                return
            if path.startswith(b"/paced?"):
                await paced(writer, int(path.partition(b"?")[2]))
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(talk, "127.0.0.1", int(sys.argv[1]))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with server:
        await ended.wait()
        server.close()


asyncio.run(main())
