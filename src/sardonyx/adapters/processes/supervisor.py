"""Own supervisord: its configuration, its start, and programs added and removed live.

Two supervisors never share a home: `supervisord` (the module beside this one) holds a flock.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shlex
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from sardonyx.adapters.processes.containment import contained
from sardonyx.adapters.processes.errors import (
    HomeInUseError,
    HomePathError,
    SupervisorStartError,
    VariableError,
)
from sardonyx.adapters.processes.home import LOCK_HELD, Home, write_private
from sardonyx.adapters.processes.machine import keep_level
from sardonyx.adapters.processes.network import network_environment, save_network_environment
from sardonyx.adapters.processes.parts import Part
from sardonyx.adapters.processes.rpc import (
    ALREADY_ADDED,
    ALREADY_STARTED,
    BAD_NAME,
    NOT_RUNNING,
    USER,
    RpcFault,
    call,
)
from sardonyx.services.errors import RuntimeUnavailableError

_SOCKET_BYTES = 107
_LOG_BYTES = "5MB"
_LOG_KEPT = 3
_STOP_SECONDS = 15
# A runner ends its service first, which has a minute at most (profile.Stop).
_RUNNER_STOP_SECONDS = 75
_START_DEADLINE = 60.0
_STOP_DEADLINE = 90.0
_PAUSE = 0.02
# supervisor.states: the program has no process.
_ENDED = {"STOPPED", "EXITED", "FATAL", "BACKOFF"}


def start_supervisor(home: Home, parts: Sequence[Part], *, detach: bool) -> subprocess.Popen[bytes]:
    """Start supervisord with `parts` and return its process once it answers.

    detach: it outlives the caller; else it ends, in order, when the caller dies. Services of
    an earlier run are not started: their programs are forgotten here.
    Raises HomeInUseError, HomePathError, SupervisorStartError.
    """
    if running(home):
        raise HomeInUseError(home=str(home.root))
    if len(os.fsencode(home.supervisor_socket)) > _SOCKET_BYTES:
        raise HomePathError(home=str(home.root), limit=_SOCKET_BYTES)
    home.prepare()
    home.supervisor_socket.unlink(missing_ok=True)
    home.supervisor_programs.mkdir(mode=0o700, exist_ok=True)
    for left_over in home.supervisor_programs.iterdir():
        left_over.unlink()
    write_private(home.supervisor_boot, uuid.uuid4().hex.encode())
    write_private(home.supervisor_key, secrets.token_hex(24).encode())
    keep_level(home)
    save_network_environment(home, network_environment(os.environ))
    write_private(home.supervisor_config, configuration(home, parts).encode())
    command = [sys.executable, "-m", "sardonyx.adapters.processes.supervisord"]
    command += ["--home", str(home.root), *(() if detach else ("--follow-parent",))]
    with (home.logs / "supervisord.out").open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_minimal_environment(),
            cwd="/",
            # Ctrl-C reaches `up`, which stops the supervisor in order.
            start_new_session=True,
        )
    _wait_until_answering(home, process)
    return process


def running(home: Home) -> bool:
    """Tell whether a supervisor holds the home's lock; starts nothing."""
    try:
        descriptor = os.open(home.supervisor_lock, os.O_RDONLY)
    except OSError:  # no home, or not one that we may read: no supervisor of ours holds it
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def boot_id(home: Home) -> str:
    """Return the id of the supervisor's present life, empty when there was none."""
    try:
        return home.supervisor_boot.read_text()
    except FileNotFoundError:
        return ""


def stop_supervisor(home: Home) -> bool:
    """End the supervisor and all it started; return False when none was running."""
    if not running(home):
        return False
    Supervisor(home).shutdown()
    deadline = time.monotonic() + _STOP_DEADLINE
    while running(home):
        if time.monotonic() > deadline:
            raise RuntimeUnavailableError
        time.sleep(_PAUSE)
    return True


class Supervisor:
    """The running supervisor of one home. Calls block for milliseconds; `a…` run in threads."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._changing = threading.Lock()

    def states(self) -> Mapping[str, str]:
        """Return each program's state in supervisord's words (RUNNING, BACKOFF, FATAL, …)."""
        answer = cast("list[dict[str, object]]", self._call("getAllProcessInfo"))
        return {str(one["name"]): str(one["statename"]) for one in answer}

    def add(self, part: Part, *, nests: bool = False, restarts: int = 3) -> None:
        """Add a program and start it. One of that name is replaced."""
        self._stop(part.name)
        with self._changing:
            self._forget(part.name)
            section = _program(self._home, part, nests=nests, restarts=restarts)
            write_private(self._file(part.name), section.encode())
            self._call("reloadConfig")
            self._tolerate({ALREADY_ADDED}, "addProcessGroup", part.name)

    def remove(self, name: str) -> None:
        """Stop a program and forget it; returns when its processes are gone."""
        self._stop(name)
        with self._changing:
            self._forget(name)

    def restart(self, name: str) -> None:
        """End a part at once and start it again, also one that was given up.

        Parts may be killed at any time; stopping one in order takes a second longer.
        """
        with self._changing:
            self._tolerate({NOT_RUNNING}, "signalProcess", name, "KILL")
            self._tolerate({ALREADY_STARTED}, "startProcess", name, False)

    def shutdown(self) -> None:
        """Stop what was added live, then the parts, each side by side; then begin to end.

        By itself supervisord would wait for one program before it stops the next.
        """
        self._stop(*(path.stem for path in self._home.supervisor_programs.glob("*.conf")))
        self._stop(*self.states())
        self._call("shutdown")

    async def aadd(self, part: Part, *, nests: bool = False, restarts: int = 3) -> None:
        await asyncio.to_thread(self.add, part, nests=nests, restarts=restarts)

    async def aremove(self, name: str) -> None:
        await asyncio.to_thread(self.remove, name)

    def _stop(self, *names: str) -> None:
        """Stop programs side by side; unknown ones are no fault.

        Nothing is locked: one that ends slowly must not hold up the start of another.
        """
        for name in names:
            self._tolerate({BAD_NAME}, "stopProcessGroup", name, False)
        deadline = time.monotonic() + _STOP_DEADLINE
        while any(self.states().get(name, "STOPPED") not in _ENDED for name in names):
            if time.monotonic() > deadline:
                raise RuntimeUnavailableError
            time.sleep(_PAUSE)

    def _forget(self, name: str) -> None:
        known = self._tolerate({BAD_NAME}, "removeProcessGroup", name)
        self._file(name).unlink(missing_ok=True)
        if known:
            self._call("reloadConfig")

    def _call(self, method: str, *arguments: str | bool) -> object:
        method = f"supervisor.{method}"
        return call(self._home.supervisor_socket, _key(self._home), method, *arguments)

    def _tolerate(self, faults: set[int], method: str, *arguments: str | bool) -> bool:
        try:
            self._call(method, *arguments)
        except RpcFault as fault:
            if fault.code not in faults:
                raise RuntimeUnavailableError from fault
            return False
        return True

    def _file(self, name: str) -> Path:
        return self._home.supervisor_programs / f"{name}.conf"


def configuration(home: Home, parts: Sequence[Part]) -> str:
    """Return supervisord.conf: an owner-only socket, the parts, and the folder of services."""
    user = ("user=root",) if os.geteuid() == 0 else ()
    lines = [
        "[unix_http_server]",
        f"file={_escaped(str(home.supervisor_socket))}",
        "chmod=0600",
        # The socket's mode keeps others out; the key keeps out a service that makes a program
        # of ours connect to this socket (a link in place of its own socket).
        f"username={USER}",
        f"password={_key(home)}",
        "[supervisord]",
        f"logfile={_escaped(str(home.logs / 'supervisord.log'))}",
        f"logfile_maxbytes={_LOG_BYTES}",
        f"logfile_backups={_LOG_KEPT}",
        f"pidfile={_escaped(str(home.run / 'supervisord.pid'))}",
        f"childlogdir={_escaped(str(home.logs))}",
        "nodaemon=true",
        "silent=true",
        "umask=077",
        *user,
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        "[include]",
        f"files={_escaped(str(home.supervisor_programs))}/*.conf",
    ]
    sections = [_program(home, part, nests=False, restarts=10) for part in parts]
    return "\n".join(lines) + "\n" + "".join(sections)


def _program(home: Home, part: Part, *, nests: bool, restarts: int) -> str:
    command = " ".join(_quoted(word) for word in contained(part.command, nests=nests))
    environment = ",".join(
        f"{key}={_kept_whole(key, value)}" for key, value in sorted(part.environment.items())
    )
    return "\n".join(
        (
            f"[program:{part.name}]",
            f"command={command}",
            f"directory={_escaped(str(part.directory))}",
            f"environment={environment}",
            "autostart=true",
            f"autorestart={_restarts(part, nests=nests)}",
            f"startretries={restarts}",
            f"startsecs={0 if part.once else 1}",
            f"stopwaitsecs={_RUNNER_STOP_SECONDS if nests else _STOP_SECONDS}",
            "stopasgroup=true",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={_escaped(str(home.logs / part.name))}.log",
            f"stdout_logfile_maxbytes={_LOG_BYTES}",
            f"stdout_logfile_backups={_LOG_KEPT}",
            "",
        )
    )


def _restarts(part: Part, *, nests: bool) -> str:
    if part.once:
        return "false"
    return "unexpected" if nests else "true"


def _quoted(word: str) -> str:
    """Quote for shlex; a blank before `;` or `#` would begin a comment of the INI file."""
    quoted = shlex.quote(word).replace(" ;", """ '";"'""").replace(" #", """ '"#"'""")
    return _escaped(quoted)


def _kept_whole(name: str, value: str) -> str:
    """Quote a variable's value for the INI file, where nothing is escaped within quotes.

    Raises VariableError for a value that it would cut or change.
    """
    quote = "'" if '"' in value else '"'
    has_comment = " #" in value or " ;" in value
    if quote in value or value.strip("'\"") != value or has_comment or not value.isprintable():
        raise VariableError(name=name, field=name)
    return f"{quote}{_escaped(value)}{quote}"


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _key(home: Home) -> str:
    try:
        return home.supervisor_key.read_text()
    except FileNotFoundError:
        return ""


def _minimal_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _wait_until_answering(home: Home, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_DEADLINE
    while True:
        status = process.poll()
        if status == LOCK_HELD:
            raise HomeInUseError(home=str(home.root))
        if status is not None or time.monotonic() > deadline:
            process.terminate()
            raise SupervisorStartError(reason=_last_line(home), logs=str(home.logs))
        try:
            call(home.supervisor_socket, _key(home), "supervisor.getState")
        except RuntimeUnavailableError:
            time.sleep(_PAUSE)
        else:
            return


def _last_line(home: Home) -> str:
    lines = (home.logs / "supervisord.out").read_text(errors="replace").splitlines()
    return lines[-1] if lines else "-"
