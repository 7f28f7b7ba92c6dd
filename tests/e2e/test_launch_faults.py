"""Launches that go wrong: wrong values, unknown names, services that do not come up, no network.

docs/faults.md lists every fault with its words and its test.
"""

from __future__ import annotations

import html
import json
import uuid
from pathlib import Path

import pytest
from tests.e2e.light import call, light_catalog, names, portal_cookie, project, service, visiting
from tests.e2e.platform import TestPlatform, running_platform, until
from tests.runtime.world import make_wheel, package_registry

from sardonyx.adapters.processes.home import free_ports

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("light")]


def test_wrong_values_are_told_alike_everywhere(light: TestPlatform, tmp_path: Path) -> None:
    wrong = "No Good!"
    file = tmp_path / "values.yaml"
    file.write_text(f'auth: {{database: "{wrong}"}}\n')
    by_set = light.run("launch", "postgresql", "--set", f"auth.database={wrong}", check=False)
    by_file = light.run("launch", "postgresql", "-f", str(file), check=False)
    assert by_set.stderr == by_file.stderr
    assert by_set.returncode == by_file.returncode == 2
    body = {"chart": "postgresql", "values": {"auth": {"database": wrong}}}
    by_rest = call(light, "POST", f"{project(light)}/services", json=body)
    assert by_rest.status_code == 422
    document = by_rest.json()
    [problem] = document["problems"]
    assert problem["pointer"] == "/auth/database"
    assert by_set.stderr == (
        f"{document['title']} ({document['code']})\n"
        f"  {document['detail']}\n"
        f"  - {problem['pointer']}: {problem['message']}\n"
        f"  Next: {document['next']}\n"
    )
    form = {"friendly_name": "db", "/auth/database": wrong}
    with visiting(light, cookie=portal_cookie(light)) as visitor:
        own = {"Origin": light.base, "Accept": "text/html"}
        page = visitor.ask("POST", "/launch/sardonyx/postgresql", data=form, headers=own)
    assert page.status_code == 422
    assert problem["message"] in html.unescape(page.text)
    assert 'href="#field-auth-database"' in page.text
    assert not any(name.startswith("postgresql") for name in names(light))


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        (("launch", "nope"), "POST", "/services", {"chart": "nope"}),
        (
            ("launch", "postgresql", "--version", "9.9.9"),
            "POST",
            "/services",
            {"chart": "postgresql", "version": "9.9.9"},
        ),
        (("services", "show", "nope"), "GET", "/services/nope", None),
    ],
    ids=["chart", "version", "service"],
)
def test_what_is_unknown_is_told_alike(
    light: TestPlatform, words: tuple[str, ...], method: str, path: str, body: object
) -> None:
    by_rest = call(light, method, f"{project(light)}{path}", **({"json": body} if body else {}))
    assert by_rest.status_code == 404
    document = by_rest.json()
    by_command = light.run(*words, check=False)
    assert (by_command.returncode, by_command.stdout) == (3, "")
    assert by_command.stderr.startswith(f"{document['title']} ({document['code']})\n")
    assert document["detail"] in by_command.stderr
    assert by_command.stderr.endswith(f"  Next: {document['next']}\n")


def test_a_name_that_is_taken_is_told(light: TestPlatform, mirror: str) -> None:
    body = {"chart": "mirror", "catalog": "light", "name": mirror}
    answer = call(light, "POST", f"{project(light)}/services", json=body)
    assert answer.status_code == 409
    document = answer.json()
    assert (document["code"], document["field"]) == ("service_exists", "name")
    assert document["next"] == "Choose another name, or delete that service first."
    assert names(light).count(mirror) == 1


@pytest.mark.parametrize(
    ("chart", "told"),
    [
        (
            "crash",
            "The service ended by itself (crashed)\n"
            "  Its program ended with exit code 7; its last lines are below.\n"
            "  | the table is missing\n"
            "  | the table is missing\n"
            "  | the table is missing\n"
            "  Next: Read the last lines, correct what they say, then resume the service.",
        ),
        (
            "slow",
            "The service does not answer (never_answered)\n"
            "  It was started, but did not answer within 1 seconds.\n"
            "  | thinking\n"
            "  Next: Read its last lines; resume it to try again.",
        ),
    ],
)
def test_a_service_that_dies_or_never_answers_is_explained(
    light: TestPlatform, chart: str, told: str
) -> None:
    failed = light.run("launch", chart, "--catalog", "light", "--wait", check=False)
    name = failed.stdout.strip()
    assert failed.returncode == 5
    assert failed.stderr.endswith(
        "The service failed (launch_failed)\n"
        f"  “{name}” did not come up.\n"
        f"  Next: Read why: “sardonyx services explain {name}”.\n"
    )
    assert light.run("services", "explain", name).stdout.strip() == told
    with visiting(light, cookie=portal_cookie(light)) as visitor:
        page = visitor.get(f"/services/{name}", accept="text/html").text
        assert told.partition(" (")[0] in page
        assert "Next: ".join(told.split("Next: ")[1:]) in page


# The network


def test_the_network_is_needed_once_and_its_absence_told(tmp_path: Path) -> None:
    """Away at the first `up`; there for one launch; away again at the next `up`."""
    package = f"sardonyx-tiny-{uuid.uuid4().hex[:8]}"
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, package)
    catalog = light_catalog(tmp_path, "mirror", "missing-package")
    (catalog / "mirror" / "requirements.txt").write_text(f"{package}==1.0\n")
    (port,) = free_ports(1)
    network = {
        "UV_DEFAULT_INDEX": f"http://127.0.0.1:{port}/simple",
        "UV_HTTP_RETRIES": "0",
        "UV_FIND_LINKS": "",
        "SARDONYX_CATALOGS": json.dumps([str(catalog)]),
    }

    def launch_fails(chart: str) -> str:
        done = platform.run("launch", chart, "--catalog", "light", "--wait", check=False)
        assert done.returncode == 5
        return done.stdout.strip()

    def explained(name: str) -> list[str]:
        lines = platform.run("services", "explain", name).stdout.strip().splitlines()
        assert "Traceback" not in "".join(lines)
        assert f"127.0.0.1:{port}" not in "".join(lines), "an address may hold a password"
        return [line for line in lines if not line.startswith("  |")]

    def resume(name: str) -> None:
        call(platform, "POST", f"{project(platform)}/services/{name}/resume")
        until(lambda: service(platform, name)["state"] == "running", what="it runs")

    with running_platform(**network) as platform:
        name = launch_fails("mirror")
        assert explained(name) == [
            "The package registry cannot be reached (packages_network)",
            "  The network or a proxy stands between this machine and the package registry.",
            "  Next: Check the connection and HTTPS_PROXY, start the platform again, then resume.",
        ]
        with package_registry(wheels, port=port):
            resume(name)
            assert explained(launch_fails("missing-package")) == [
                "A package does not exist (package_not_found)",
                "  The environment asks for “sardonyx-no-such-package”, which is not in the "
                "package registry.",
                "  Next: Check its name in the chart's requirements, then launch again.",
            ]
        platform.run("down")
        platform.run("up", "--detach", "--no-browser", "--port", str(platform.port))
        resume(name)
        platform.launch("mirror", "--catalog", "light")
