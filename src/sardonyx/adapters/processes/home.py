"""Own the layout of the platform's one directory on a machine (`--home`).

Every path and every port of the local parts comes from here. The directory is the user's
alone (0700); files that hold keys are 0600 and written whole or not at all.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

PART_PORTS = (
    "keys",
    "s3",
    "seaweedfs_master",
    "seaweedfs_volume",
    "seaweedfs_filer",
    "seaweedfs_admin",
    "openbao",
    "openbao_cluster",
)
# SeaweedFS also takes each of its ports + 10000. Both stay below 32768, where Linux begins to
# draw ports for connections: a port kept in the home would be taken now and then.
_FIRST_PORT, _LAST_PORT = 10000, 22000

# Files at the top; the database has companions while it is open.
_OWN_FILES = ("portal.sqlite", "ports.json", ".ports.json.", "profile-schema.json")


# Exit status of a supervisor that finds another one's lock on the home.
LOCK_HELD = 4


@dataclass(frozen=True, slots=True)
class Home:
    """The platform's directory and the names of what lies in it."""

    root: Path

    @property
    def run(self) -> Path:
        """Sockets. Kept short: a socket's path may have 107 bytes at most."""
        return self.root / "run"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def parts(self) -> Path:
        """Configuration and data of SeaweedFS, OpenBao, Caddy."""
        return self.root / "parts"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def uv_cache(self) -> Path:
        """On the same file system as the environments, so that uv can hard-link."""
        return self.root / "cache" / "uv"

    @property
    def services(self) -> Path:
        return self.root / "services"

    @property
    def archive(self) -> Path:
        """Logs and timelines of deleted services."""
        return self.root / "archive"

    @property
    def charts(self) -> Path:
        """The person's own catalogue: charts they brought."""
        return self.root / "charts"

    @property
    def database(self) -> Path:
        return self.root / "portal.sqlite"

    @property
    def profile_schema(self) -> Path:
        """The JSON schema of people's profile, where an administrator put one."""
        return self.root / "profile-schema.json"

    @property
    def portal_socket(self) -> Path:
        return self.run / "portal.sock"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    @property
    def supervisor_lock(self) -> Path:
        """Held (flock) by the supervisor's process as long as it lives."""
        return self.run / "supervisor.lock"

    @property
    def supervisor_boot(self) -> Path:
        """The id of the supervisor's present life: what another life said is stale."""
        return self.run / "supervisor.boot"

    @property
    def supervisor_key(self) -> Path:
        """The key of the supervisor's socket, drawn at each start."""
        return self.run / "supervisor.key"

    @property
    def supervisor_config(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def supervisor_programs(self) -> Path:
        """One file for each program added live."""
        return self.run / "conf.d"

    @property
    def sandbox_level(self) -> Path:
        """How well services are kept apart, as tried at the last start."""
        return self.run / "sandbox.level"

    @property
    def preparation(self) -> Path:
        """How far the environments built ahead are."""
        return self.run / "preparation.json"

    @property
    def network_environment(self) -> Path:
        return self.run / "network.json"

    @property
    def caddy_admin_socket(self) -> Path:
        return self.run / "caddy.sock"

    def service(self, release: str) -> Path:
        return self.services / release

    def foreign(self) -> list[str]:
        """Return the names in the directory that are none of the platform's, in order."""
        if not self.root.is_dir():
            return []
        ours = {place.name for place in self._directories()}
        return sorted(
            entry.name
            for entry in self.root.iterdir()
            if entry.name not in ours and not entry.name.startswith(_OWN_FILES)
        )

    def prepare(self) -> None:
        """Create the directories, owner-only. Existing ones are tightened to 0700."""
        for directory in (self.root, *self._directories(), self.uv_cache):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.chmod(0o700)

    def _directories(self) -> tuple[Path, ...]:
        return (
            self.run,
            self.keys,
            self.parts,
            self.logs,
            self.environments,
            self.uv_cache.parent,
            self.services,
            self.archive,
        )

    def ports(self) -> dict[str, int]:
        """Return the loopback ports of the parts, drawn once and kept in `ports.json`."""
        record = self.root / "ports.json"
        if record.exists():
            kept: dict[str, int] = json.loads(record.read_text())
            if set(PART_PORTS) <= kept.keys():
                return kept
        drawn = dict(zip(PART_PORTS, free_ports(len(PART_PORTS)), strict=True))
        write_private(record, json.dumps(drawn, indent=2).encode())
        return drawn


def free_ports(count: int) -> list[int]:
    """Return `count` distinct loopback ports that are free now, as are port + 10000."""
    found: list[int] = []
    draw = int.from_bytes(os.urandom(4), "big")
    while len(found) < count:
        draw = (draw * 1103515245 + 12345) % 2**31
        port = _FIRST_PORT + draw % (_LAST_PORT - _FIRST_PORT)
        if port not in found and _free(port) and _free(port + 10000):
            found.append(port)
    return found


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def write_private(path: Path, content: bytes) -> None:
    """Write `content` to `path` with mode 0600, replacing it whole (rename)."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
