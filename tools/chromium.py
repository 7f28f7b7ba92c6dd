"""Make Chromium available to the browser tests: where root allows, install Debian's package.

Without it the browser tests skip with one sentence each, and everything else runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def main() -> int:
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print("Chromium is not installed: the browser tests will be skipped.", file=sys.stderr)
        return 0
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            print("Chromium could not be installed: the browser tests will be skipped.")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
