"""Every inner door of a running platform, tried from a service and by another user.

tests/parts/test_closed_ports.py knocks at the ports one by one, with every method.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.light import call, inside, project, secret, service, set_secret
from tests.e2e.platform import TestPlatform

from sardonyx.adapters.processes.home import Home

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("light")]

SYSTEM_PYTHON = Path("/usr/bin/python3")
NOBODY = 65534
GRPC_OFFSET = 10000

# What somebody on the machine tries without a key. Prints one line for each thing reached.
KNOCK = r"""
import json, os, socket, ssl, sys, urllib.error, urllib.request
targets = json.loads(sys.argv[1])
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
met = 0
for method, address in targets["http"]:
    data = b"forged" if method in ("PUT", "POST") else None
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(address, data=data, method=method), timeout=20)
        print("answered", method, address, answer.status)
    except urllib.error.HTTPError as error:
        met += error.code in (400, 401, 403, 404, 405, 503)
        if error.code not in (400, 401, 403, 404, 405, 503):
            print("odd", method, address, error.code)
for port in targets["grpc"]:
    start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    loose = ssl.create_default_context()
    loose.check_hostname, loose.verify_mode = False, ssl.CERT_NONE
    loose.set_alpn_protocols(["h2"])
    for secured in (False, True):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
                with (loose.wrap_socket(plain) if secured else plain) as way:
                    way.sendall(start)
                    said = way.recv(9)
        except (OSError, ssl.SSLError):
            said = b""
        met += 1
        if said[3:4] == b"\x04":
            print("gRPC let in", port, secured)
for path in targets["sockets"]:
    with socket.socket(socket.AF_UNIX) as way:
        try:
            way.connect(path)
            print("connected", path)
        except OSError:
            met += 1
for path in targets["places"]:
    for flags in (os.O_RDONLY, os.O_WRONLY):
        try:
            os.open(path, flags)
            print("opened", path)
        except OSError:
            met += 1
print("refusals", met)
"""


def targets(light: TestPlatform, other: str) -> dict[str, list[object]]:
    """Return every inner door of the platform; `other` is a service that is not one's own."""
    home = Home(light.home)
    ports = home.ports()
    at = {part: f"http://127.0.0.1:{port}" for part, port in ports.items()}
    bucket = project(light).rpartition("/")[2]
    address = service(light, other)["address"]
    folder = home.service(other)
    http = [
        *((method, f"{at['seaweedfs_filer']}/buckets/{bucket}/kept.txt")
          for method in ("GET", "PUT", "POST", "DELETE")),
        ("GET", f"{at['seaweedfs_filer']}/buckets/{bucket}/"),
        ("POST", f"{at['seaweedfs_master']}/col/delete?collection={bucket}"),
        ("GET", f"{at['seaweedfs_master']}/dir/assign"),
        ("GET", f"{at['seaweedfs_volume']}/1,01637037d6"),
        ("DELETE", f"{at['seaweedfs_volume']}/1,01637037d6"),
        ("GET", f"{at['seaweedfs_admin']}/api/config"),
        ("GET", f"{at['s3']}/{bucket}/kept.txt"),
        ("PUT", f"{at['s3']}/{bucket}/kept.txt"),
        ("DELETE", f"{at['s3']}/{bucket}"),
        ("GET", f"{at['openbao']}/v1/kv/data/{bucket}/kept"),
        ("DELETE", f"{at['openbao']}/v1/kv/metadata/{bucket}/kept"),
        ("PUT", f"{at['openbao']}/v1/sys/seal"),
        ("GET", f"{at['keys']}/creds"),
        ("GET", f"{light.base.replace('localhost', '127.0.0.1')}/api/v1/me"),
        ("POST", f"{light.base.replace('localhost', '127.0.0.1')}/api/v1/sign-in-links"),
        ("GET", f"{address}/"),
        ("POST", f"{address}/"),
    ]  # fmt: skip
    seaweedfs = ("seaweedfs_master", "seaweedfs_volume", "seaweedfs_filer", "seaweedfs_admin", "s3")
    grpc = [ports[part] + GRPC_OFFSET for part in seaweedfs]
    return {
        "http": [list(one) for one in http],
        "grpc": [*grpc, ports["openbao_cluster"]],
        "sockets": [
            str(path)
            for path in (
                home.supervisor_socket,
                home.caddy_admin_socket,
                home.portal_socket,
                *home.run.glob("*.sock"),
                folder / "run" / "service.sock",
            )
        ],
        "places": [
            str(path)
            for path in (
                home.database,
                home.keys / "cli.token",
                home.keys / "issuer.json",
                home.parts / "caddy.json",
                home.parts / "openbao" / "seal.key",
                home.supervisor_config,
                home.supervisor_key,
                home.logs / "portal.log",
                folder,
                folder / "work",
                folder / "plan.json",
                folder / "orders.json",
            )
        ],
    }


def expected(doors: dict[str, list[object]]) -> str:
    """Return what KNOCK prints when every door stays closed."""
    doubled = 2 * (len(doors["grpc"]) + len(doors["places"]))
    return f"refusals {len(doors['http']) + len(doors['sockets']) + doubled}\n"


@pytest.fixture
def valuables(light: TestPlatform) -> Iterator[None]:
    """A file and a secret, which are still there afterwards."""
    file = f"{project(light)}/files/kept.txt"
    assert call(light, "PUT", file, content="mine").is_success
    set_secret(light, "kept", "as it was")
    yield
    assert call(light, "GET", file).text == "mine"
    assert secret(light, "kept") == "as it was"


@pytest.mark.usefixtures("valuables")
def test_a_service_reaches_no_inner_door(light: TestPlatform, mirror: str, second: str) -> None:
    doors = targets(light, second)
    done = inside(light, mirror, "python", "-c", KNOCK, json.dumps(doors))
    assert (done["out"], done["status"]) == (expected(doors), 0), done["err"]


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None or not SYSTEM_PYTHON.exists(),
    reason="becoming another user of the machine needs root, setpriv and /usr/bin/python3",
)
@pytest.mark.usefixtures("valuables")
def test_another_user_of_the_machine_reaches_no_inner_door(
    light: TestPlatform, second: str
) -> None:
    doors = targets(light, second)
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    done = subprocess.run(
        [*become, str(SYSTEM_PYTHON), "-I", "-c", KNOCK, json.dumps(doors)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.defpath},
    )
    assert (done.stdout, done.returncode) == (expected(doors), 0), done.stderr
    # The owner opens those very doors: it is the user that is refused, not a missing name.
    own = subprocess.run(
        [str(SYSTEM_PYTHON), "-I", "-c", KNOCK, json.dumps({**doors, "http": [], "grpc": []})],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("supervisor.sock", "caddy.sock", "portal.sock", "cli.token", "plan.json"):
        assert name in own.stdout
