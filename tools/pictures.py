"""Take the pictures of docs/pictures from a running platform of their own.

    .venv/bin/python tools/pictures.py

Starts a platform in a folder of its own, uploads the sample, launches JupyterLab, and photographs
every main page in light colours. Pictures are PNG with a palette, at most 150 kB each.
"""

from __future__ import annotations

import base64
import os
import shutil
import struct
import sys
import zlib
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
LIMIT = 150_000
SIZE: ViewportSize = {"width": 1280, "height": 800}
COLOURS = 256
_PIXELS = """async (encoded) => {
  const answer = await fetch("data:image/png;base64," + encoded);
  const image = await createImageBitmap(await answer.blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let text = "";
  for (let at = 0; at < data.length; at += 30000)
    text += String.fromCharCode(...data.subarray(at, at + 30000));
  return [image.width, image.height, btoa(text)];
}"""


def main() -> int:
    sys.path.insert(0, str(ROOT))
    from tests.e2e.data import flights
    from tests.e2e.platform import running_platform

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("Chromium is missing: apt-get install chromium", file=sys.stderr)
        return 5
    PICTURES.mkdir(parents=True, exist_ok=True)
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with running_platform() as platform, sync_playwright() as playwright:
        name = platform.launch("jupyter-python", "--name", "Census study")
        platform.run("launch", "postgresql", "--name", "Survey database")
        file = flights(platform.home).file
        platform.run("files", "cp", str(file), "platform:flights/2013.parquet")
        for key, value in (("host", "db.example.org"), ("password", "invented")):
            platform.run("secrets", "set", "databases/census", key, given=value)
        browser = playwright.chromium.launch(executable_path=program, args=options)
        page = browser.new_context(viewport=SIZE, locale="en-GB").new_page()
        blank = browser.new_page()
        page.goto(platform.link())
        for title, address in {
            "home": "/",
            "catalogue": "/catalog",
            "launcher": "/launch/sardonyx/jupyter-python",
            "service": f"/services/{name}",
            "services": "/services",
            "files": "/files/flights/2013.parquet",
            "secrets": "/secrets/databases/census",
            "account": "/account",
        }.items():
            # Pages that listen to events are never idle.
            answer = page.goto(platform.base + address, wait_until="load")
            if answer is None or not answer.ok:
                print(f"{title}: the page failed", file=sys.stderr)
                return 1
            page.wait_for_timeout(1_000)
            picture = palette(blank, page.screenshot())
            (PICTURES / f"{title}.png").write_bytes(picture)
            print(f"{title:<12} {len(picture) / 1000:6.1f} kB", file=sys.stderr)
            if len(picture) > LIMIT:
                return 1
        browser.close()
    return 0


def palette(blank: Page, picture: bytes) -> bytes:
    """Return the PNG with at most 256 colours: the most frequent ones, others at their nearest."""
    width, height, encoded = blank.evaluate(_PIXELS, base64.b64encode(picture).decode())
    raw = base64.b64decode(encoded)
    pixels = list(zip(raw[0::4], raw[1::4], raw[2::4], strict=True))
    kept = [colour for colour, _ in Counter(pixels).most_common(COLOURS)]
    places = {colour: place for place, colour in enumerate(kept)}
    for colour in set(pixels) - places.keys():
        places[colour] = min(range(len(kept)), key=lambda place: _distance(kept[place], colour))
    rows = bytes(places[pixel] for pixel in pixels)
    # Filter 0 before each row: a palette compresses best as it is.
    lines = b"".join(b"\0" + rows[at : at + width] for at in range(0, len(rows), width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", bytes(one for colour in kept for one in colour)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


if __name__ == "__main__":
    sys.exit(main())
