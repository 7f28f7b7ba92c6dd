"""Start, watch and end the platform on this machine: the bodies of `up`, `down`, `purge`.

Steps are printed on standard error with their seconds; the one-time address is the only thing
on standard output.
"""

from __future__ import annotations

import json
import platform
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sardonyx.adapters.caddy.front_door import listen_addresses
from sardonyx.adapters.processes.errors import HomeInUseError
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.supervisor import (
    Supervisor,
    running,
    start_supervisor,
    stop_supervisor,
)
from sardonyx.cli.errors import (
    ForeignFolderError,
    HomeUnusableError,
    MachineNotSupportedError,
    NotAHomeError,
    NotRunningError,
    PortRefusedError,
    PortTakenError,
    StillRunningError,
    SupervisorEndedError,
)
from sardonyx.cli.language import user_language
from sardonyx.local import local_parts
from sardonyx.settings import Settings
from sardonyx.text import N_, Text

Say = Callable[[Text], None]


def up(settings: Settings, *, detach: bool, say: Say) -> str:
    """Start everything and return the one-time address once the portal answers.

    Raises MachineNotSupportedError, HomeInUseError, ForeignFolderError, HomeUnusableError,
    PortTakenError, PortRefusedError, StartTimeoutError.
    """
    _check_machine()
    home = Home(settings.home)
    if running(home):  # before anything is written: what runs reads those files again
        raise HomeInUseError(home=str(home.root))
    _check_port(settings.port)
    _check_home(home)
    steps = Steps(say, total=4)
    with steps.step(N_("programs")) as done:
        parts = local_parts(settings)
        done(Text(N_("{count} parts"), {"count": len(parts)}))
    home.preparation.unlink(missing_ok=True)
    with steps.step(N_("supervisor")):
        process = start_supervisor(home, parts, detach=detach)
    settings_file(home).write_text(json.dumps({"port": settings.port}))
    try:
        with steps.step(N_("portal")) as done:
            # Loaded while the portal loads: nothing that starts waits for them.
            from sardonyx.adapters.processes.health import readiness_addresses
            from sardonyx.cli.answering import one_time_address, wait_for
            from sardonyx.local_catalogs import preparation

            ahead = preparation(settings)
            if ahead is not None:
                Supervisor(home).add(ahead)
            wait_for("portal", f"http://127.0.0.1:{settings.port}/healthz", home)
            done(Text("http://localhost:{port}", {"port": settings.port}))
        with steps.step(N_("storage and secrets")):
            for part, address in readiness_addresses(home).items():
                wait_for(part, address, home)
        link = one_time_address(home)
    except BaseException:
        stop_supervisor(home)
        process.wait()
        raise
    if ahead is not None:
        say(Text(N_("The catalogue’s packages are prepared in the background: see home.")))
    say(Text(N_("Data:        {home}"), {"home": str(home.root)}))
    stop = N_("Stop:        Ctrl-C") if not detach else N_("Stop:        sardonyx down")
    say(Text(stop))
    say(Text(N_("Remove all:  sardonyx purge")))
    return link


def listen_for_the_end() -> threading.Event:
    """Return what is set by Ctrl-C, SIGTERM or the terminal's end, from now on."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: asked.set())
    return asked


def stay(settings: Settings, asked: threading.Event) -> None:
    """Wait until `asked` is set or `down` was run; then end everything that was started.

    Raises SupervisorEndedError when the supervisor was killed.
    """
    home = Home(settings.home)
    while running(home):
        if asked.is_set():
            stop_supervisor(home)
            return
        time.sleep(0.2)
    if not asked.is_set() and not _ended_in_order(home):
        raise SupervisorEndedError


def down(settings: Settings) -> None:
    """End everything that runs on the home. Raises NotRunningError."""
    home = Home(settings.home)
    if not stop_supervisor(home):
        raise NotRunningError(home=str(home.root))


def purge(settings: Settings) -> None:
    """Remove the home and all in it. Raises StillRunningError, NotAHomeError,
    ForeignFolderError."""
    home = Home(settings.home)
    if running(home):
        raise StillRunningError(home=str(home.root))
    if not (home.root / "ports.json").is_file() or not home.keys.is_dir():
        raise NotAHomeError(home=str(home.root))
    foreign = home.foreign()
    if foreign:
        raise ForeignFolderError(home=str(home.root), found=foreign[0])
    _remove(home.root)


def settings_file(home: Home) -> Path:
    """Return the file that tells other commands how this home was started."""
    return home.run / "up.json"


def _check_machine() -> None:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise MachineNotSupportedError(machine=f"{platform.system()} {platform.machine()}")


def _check_home(home: Home) -> None:
    try:
        foreign = home.foreign()
        if not foreign:
            home.prepare()
    except OSError as error:
        reason = error.strerror or str(error)
        raise HomeUnusableError(home=str(home.root), reason=reason) from error
    if foreign:
        raise ForeignFolderError(home=str(home.root), found=foreign[0])


def _check_port(port: int) -> None:
    for address in listen_addresses(port):
        host, _, _ = address.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), port))
            except PermissionError as error:
                raise PortRefusedError(port=port, field="--port") from error
            except OSError as error:
                raise PortTakenError(port=port, other=port + 1, field="--port") from error


def _ended_in_order(home: Home) -> bool:
    """Tell whether supervisord said goodbye: it removes its socket when it ends in order."""
    return not home.supervisor_socket.exists()


def _remove(root: Path) -> None:
    try:
        shutil.rmtree(root)
    except PermissionError:
        # Environments are read-only, and an overlay's work folder has no mode at all.
        subprocess.run(["chmod", "-R", "u+rwX", str(root)], check=False)  # noqa: S607
        shutil.rmtree(root)


class Steps:
    """Tells the numbered steps of `up`."""

    def __init__(self, say: Say, *, total: int) -> None:
        self._say = say
        self._total = total
        self._number = 0

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[Text], None]]:
        """Print `n/total title …` with what was found and its seconds, when it is done."""
        self._number += 1
        start = time.monotonic()
        found = ""

        def done(text: Text) -> None:
            nonlocal found
            found = text.in_language(user_language())

        yield done
        seconds = f"{time.monotonic() - start:.1f}"
        self._say(
            Text(
                "{number}/{total} {title:<22} {found:<28} {seconds:>6} s",
                {
                    "number": self._number,
                    "total": self._total,
                    "title": Text(title).in_language(user_language()),
                    "found": found,
                    "seconds": seconds,
                },
            )
        )
