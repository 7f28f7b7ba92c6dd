"""Build the sandbox of a service: bubblewrap, without sight of the platform or of others.

All of bubblewrap's options, the environment included, go by a file descriptor: `ps` shows none.
Inside, a service is user 1000 in a user namespace (PostgreSQL refuses root; root-only files of
the machine stay shut), its home is /home/onyxia, its sockets are in /run/sardonyx.

Levels: `full`; `no-overlay` (bubblewrap below 0.11, or a file system that cannot be an overlay's
upper layer): the shared environment is read-only and pip installs into the service's home;
`none`: no bubblewrap or no user namespaces, the service runs as an ordinary process.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sardonyx.adapters.processes.containment import bubblewrap, trial
from sardonyx.adapters.processes.release_folder import ReleaseFolder

INSIDE_HOME = "/home/onyxia"
INSIDE_WORK = "/home/onyxia/work"
INSIDE_RUN = "/run/sardonyx"
INSIDE_TOKEN = "/run/credentials/creds.token"  # noqa: S105 - a path
INSIDE_INIT = "/run/init_steps.py"
_UID, _GID = 1000, 100

# A selection: as root the whole of /etc would include files that only root may read.
_ETC = (
    "alternatives",
    "bash.bashrc",
    "ca-certificates",
    "ca-certificates.conf",
    "fonts",
    "host.conf",
    "hosts",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "pki/ca-trust",
    "pki/tls/certs",
    "pki/tls/cert.pem",
    "profile",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
)


_FILES_OF_NETWORK = {
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "PIP_FIND_LINKS",
    "UV_FIND_LINKS",
}


class Level(StrEnum):
    """How well services are kept apart here, best first."""

    FULL = "full"
    NO_OVERLAY = "no-overlay"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are, as the service sees them."""

    home: str
    work: str
    run: str
    token: str

    @property
    def socket(self) -> str:
        return f"{self.run}/service.sock"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What one service runs in. environment: its Python environment, None without."""

    folder: ReleaseFolder
    level: Level
    environment: Path | None
    release: str
    network: Mapping[str, str]
    init_steps: Path | None = None


def layout(folder: ReleaseFolder, level: Level) -> Layout:
    """Return the places of the service of `folder`, as it sees them."""
    if level is Level.NONE:
        return Layout(
            home=str(folder.home),
            work=str(folder.work),
            run=str(folder.run),
            token=str(folder.token),
        )
    return Layout(INSIDE_HOME, INSIDE_WORK, INSIDE_RUN, INSIDE_TOKEN)


def base_environment(sandbox: Sandbox, env: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of the service: ours, the network's, then `env`."""
    places = layout(sandbox.folder, sandbox.level)
    programs = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    base = {
        "HOME": places.home,
        "USER": "onyxia",
        "LOGNAME": "onyxia",
        "SHELL": "/bin/bash",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "TERM": "xterm-256color",
        "TMPDIR": "/tmp" if sandbox.level is not Level.NONE else places.run,  # noqa: S108
        "XDG_RUNTIME_DIR": places.run,
        "PATH": f"{places.home}/.local/bin:{programs}",
    }
    if "TZ" in os.environ:
        base["TZ"] = os.environ["TZ"]
    if sandbox.environment is not None:
        base["VIRTUAL_ENV"] = str(sandbox.environment)
        base["PATH"] = f"{places.home}/.local/bin:{sandbox.environment}/bin:{programs}"
        if sandbox.level is not Level.FULL:
            target = f"{places.home}/.packages"
            base |= {"PIP_TARGET": target, "PYTHONPATH": target}
    return base | dict(sandbox.network) | dict(env)


def sandboxed(sandbox: Sandbox, env: Mapping[str, str]) -> list[str]:
    """Return bubblewrap's options for the service, to be given by `--args FD`."""
    folder = sandbox.folder
    options = ["--unshare-user", "--uid", str(_UID), "--gid", str(_GID)]
    options += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--hostname", sandbox.release[:63], "--die-with-parent", "--new-session"]
    options += [*_system(), "--proc", "/proc", "--dev", "/dev"]
    for place in ("/tmp", "/run", "/var", "/dev/shm"):  # noqa: S108 - inside the sandbox
        options += ["--tmpfs", place]
    options += ["--dir", "/var/tmp", *_etc(folder)]  # noqa: S108
    options += _python(sandbox)
    options += _read_only_files(sandbox.network)
    options += ["--bind", str(folder.home), INSIDE_HOME, "--bind", str(folder.work), INSIDE_WORK]
    options += ["--bind", str(folder.run), INSIDE_RUN]
    options += ["--ro-bind-try", str(folder.token), INSIDE_TOKEN]
    if sandbox.init_steps is not None:
        options += ["--ro-bind", str(sandbox.init_steps), INSIDE_INIT]
    options += ["--remount-ro", "/", "--chdir", INSIDE_WORK, "--clearenv"]
    for name, value in base_environment(sandbox, env).items():
        options += ["--setenv", name, value]
    return options


def sandbox_level(scratch: Path) -> Level:
    """Try what this machine allows, in folders made under `scratch` (milliseconds).

    Not to be called inside the wrapper of a part: root's fresh /proc forbids the trial there.
    """
    bwrap = bubblewrap()
    if bwrap is None:
        return Level.NONE
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        lower, upper, work = (Path(place) / name for name in ("lower", "upper", "work"))
        for folder in (lower, upper, work):
            folder.mkdir()
        plain = [bwrap, "--unshare-user", "--uid", str(_UID), "--gid", str(_GID)]
        plain += ["--unshare-pid", "--unshare-ipc", *_system(), "--proc", "/proc"]
        overlay = ["--overlay-src", str(lower), "--overlay", str(upper), str(work), "/mnt"]
        writes = ["/bin/sh", "-c", "echo > /mnt/trial"]
        if trial([*plain, *overlay, "--", *writes]):
            return Level.FULL
        return Level.NO_OVERLAY if trial([*plain, "--", "/bin/true"]) else Level.NONE


def write_identity(folder: ReleaseFolder) -> None:
    """Write the passwd and group files the service sees: itself, and nobody of the machine."""
    (folder.etc / "passwd").write_text(
        f"root:x:0:0:root:/root:/usr/sbin/nologin\n"
        f"onyxia:x:{_UID}:{_GID}:onyxia:{INSIDE_HOME}:/bin/bash\n"
        f"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    )
    (folder.etc / "group").write_text(f"root:x:0:\nusers:x:{_GID}:\nnogroup:x:65534:\n")


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        path = Path("/") / name
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def _etc(folder: ReleaseFolder) -> Iterator[str]:
    for name in _ETC:
        path = Path("/etc") / name
        if path.exists():
            yield from ("--ro-bind", str(path.resolve()), str(path))
    # Often a link into /run, which the service does not see.
    resolver = Path("/etc/resolv.conf").resolve()
    if resolver.exists():
        yield from ("--ro-bind", str(resolver), "/etc/resolv.conf")
    for name in ("passwd", "group"):
        yield from ("--ro-bind", str(folder.etc / name), f"/etc/{name}")


def _python(sandbox: Sandbox) -> Iterator[str]:
    """Show the interpreter the environments are made with, and the service's environment."""
    root = Path(sys.base_prefix)
    if not root.is_relative_to("/usr"):
        yield from ("--ro-bind", str(root), str(root))
    environment = sandbox.environment
    if environment is None:
        return
    if sandbox.level is Level.FULL:
        own = sandbox.folder.packages / environment.name
        for name in ("upper", "work"):
            (own / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        yield from ("--overlay-src", str(environment))
        yield from ("--overlay", str(own / "upper"), str(own / "work"), str(environment))
    else:
        yield from ("--ro-bind", str(environment), str(environment))


def _read_only_files(network: Mapping[str, str]) -> Iterator[str]:
    """Show the certificate files and package folders that the network settings name."""
    hidden = ("/usr", "/etc", "/proc", "/dev", "/sys")
    for name in _FILES_OF_NETWORK & network.keys():
        value = network[name]
        path = Path(value)
        if (
            path.is_absolute()
            and path.exists()
            and path != Path("/")
            and not any(path.is_relative_to(place) for place in hidden)
        ):
            yield from ("--ro-bind", str(path.resolve()), value)
