"""Install the OpenID Connect provider that tests sign in with, as its lock file pins it.

Run by `tools/bootstrap.py dev`; nothing of it is part of the platform.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests/servers/oidc"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from tools.assets import node_commands

    _, npm = node_commands()
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*npm, "ci", *options], cwd=FOLDER, check=True)


if __name__ == "__main__":
    main()
