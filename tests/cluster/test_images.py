"""The images hold what the local environments hold, and charts run on them as real pods."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.cluster.conftest import RunningCluster
from tests.cluster.waiting import until
from tools.cluster import containerfile, images

ROOT = Path(__file__).parents[2]
CHARTS = ("jupyter-python", "postgresql")
INSTALLED = (
    "import importlib.metadata as m, json;"
    "print(json.dumps({d.name.lower().replace('_', '-').replace('.', '-'): d.version"
    " for d in m.distributions()}))"
)


@pytest.mark.parametrize("chart", CHARTS)
def test_an_image_is_made_of_the_pins_of_its_chart(chart: str) -> None:
    recipe = containerfile.read(ROOT / "images" / chart / "Containerfile")
    assert f"catalog/{chart}/requirements.txt" in recipe.sources()
    commands = " ".join(rest for word, rest in recipe.instructions if word == "RUN")
    assert "--require-hashes" in commands
    assert commands.count("-r /opt/sardonyx/requirements.txt") == 1


@pytest.mark.parametrize("name", images.names())
def test_a_containerfile_holds_only_what_our_builder_and_docker_read_alike(name: str) -> None:
    recipe = containerfile.read(ROOT / "images" / name / "Containerfile")
    image = recipe.image(f"localhost/sardonyx/{name}:{images.version(name)}")
    # Pods that must not run as root are refused an image whose user is a name.
    user, _, group = image.user.partition(":")
    assert int(user) >= 999
    assert group.isdigit()
    assert image.entrypoint or image.command


def test_an_instruction_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Containerfile"
    file.write_text(f"FROM {containerfile.BASE}\nADD https://example.org/x /x\n")
    with pytest.raises(containerfile.ContainerfileError, match="ADD"):
        containerfile.read(file)


@pytest.mark.node
@pytest.mark.parametrize("chart", CHARTS)
def test_what_is_installed_in_the_image_is_what_is_pinned(
    node_cluster: RunningCluster, namespace: str, chart: str
) -> None:
    python = ("--command", "--", "/opt/venv/bin/python", "-c", INSTALLED)
    assert json.loads(_run(node_cluster, namespace, *python, chart=chart)) == _pinned(chart)


@pytest.mark.node
def test_jupyterlab_of_the_chart_opens_with_its_password_in_a_pod(
    node_cluster: RunningCluster, namespace: str
) -> None:
    _install(node_cluster, namespace, "jupyter-python", "--set=security.password=open-sesame-1")
    inside = ("exec", "-n", namespace, "lab-jupyter-python-0", "-c", "jupyterlab", "--")
    asked = (
        "import os, sys, urllib.request as u;"
        "r = u.Request('http://127.0.0.1:8888/api/status',"
        " headers={'Authorization': 'token ' + sys.argv[1]});"
        "print(u.urlopen(r, timeout=20).status)"
    )
    assert node_cluster.kubectl(*inside, "python", "-c", asked, "open-sesame-1") == "200\n"
    with pytest.raises(subprocess.CalledProcessError) as refused:
        node_cluster.kubectl(*inside, "python", "-c", asked, "wrong")
    assert "403" in refused.value.stderr
    told = node_cluster.kubectl("logs", "-n", namespace, "lab-jupyter-python-0", "-c", "jupyterlab")
    assert '{"step": "home", "status": "done"' in told
    assert node_cluster.kubectl(*inside, "id").startswith("uid=1000(onyxia) gid=100(users)")


@pytest.mark.node
def test_a_pod_reaches_another_by_the_name_of_its_service(
    node_cluster: RunningCluster, namespace: str
) -> None:
    node_cluster.kubectl("run", "web", "-n", namespace, "--image=localhost/web:1")
    node_cluster.kubectl("expose", "-n", namespace, "pod/web", "--port=80")
    ready = ("wait", "-n", namespace, "pod/web", "--for=condition=Ready", "--timeout=180s")
    node_cluster.kubectl(*ready)
    asked = ("curl", "-s", "--retry", "30", "--retry-all-errors", f"http://web.{namespace}/")
    assert _run(node_cluster, namespace, "--command", "--", *asked) == "it works\n"


@pytest.mark.node
def test_the_start_prepares_the_home_and_hands_on_what_it_found(
    node_cluster: RunningCluster, namespace: str
) -> None:
    start = ("--command", "--", "/opt/onyxia-init.sh", "python", "-c")
    told = _run(
        node_cluster, namespace, "--env=PIP_REPOSITORY=http://pypi.example.org/simple",
        *start, "import os; print(os.environ['PIP_INDEX_URL'], os.environ['UV_DEFAULT_INDEX'])",
    )  # fmt: skip
    assert '{"step": "home", "status": "done"' in told
    assert told.splitlines()[-1] == "http://pypi.example.org/simple http://pypi.example.org/simple"


@pytest.mark.node
def test_a_home_that_cannot_be_written_keeps_the_service_from_starting(
    node_cluster: RunningCluster, namespace: str
) -> None:
    command = ["/opt/onyxia-init.sh", "echo", "started"]
    container = {
        "name": "look",
        "image": _image("jupyter-python"),
        "command": command,
        "securityContext": {"readOnlyRootFilesystem": True},
    }
    spec = json.dumps({"spec": {"containers": [container]}})
    told = _run(node_cluster, namespace, f"--overrides={spec}", phase="Failed")
    assert "started\n" not in told.replace('"started"', "")
    code = "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}"
    assert node_cluster.kubectl("get", "-n", namespace, "pod/look", "-o", code) == "3"


@pytest.mark.node
def test_postgresql_of_the_chart_keeps_its_rows_when_its_pod_is_killed(
    node_cluster: RunningCluster, namespace: str
) -> None:
    _install(node_cluster, namespace, "postgresql", "--set=auth.password=open-sesame-1")
    inside = ("exec", "-n", namespace, "lab-postgresql-0", "--", "env", "PGPASSWORD=open-sesame-1")
    psql = ("psql", "-h", "127.0.0.1", "-U", "onyxia", "-d", "defaultdb", "-Atc")
    node_cluster.kubectl(*inside, *psql, "create table t as select 42 as answer")
    node_cluster.kubectl(
        "delete", "-n", namespace, "pod/lab-postgresql-0", "--grace-period=0", "--force"
    )

    def answers() -> bool:
        # Right after, the set still counts the pod that is gone as ready.
        try:
            found = node_cluster.kubectl(*inside, *psql, "select answer from t")
        except subprocess.CalledProcessError:
            return False
        assert found == "42\n"
        return True

    until(answers, "the row is there again")


def _run(
    cluster: RunningCluster,
    namespace: str,
    *options: str,
    chart: str = "jupyter-python",
    phase: str = "Succeeded",
) -> str:
    """Return what a pod of a chart's image says until it ends in the phase."""
    command = ("run", "look", "-n", namespace, f"--image={_image(chart)}", "--restart=Never")
    cluster.kubectl(*command, *options)
    asked = ("get", "-n", namespace, "pod/look", "-o", "jsonpath={.status.phase}")
    until(lambda: cluster.kubectl(*asked) == phase, f"the pod has {phase.lower()}")
    return cluster.kubectl("logs", "-n", namespace, "look")


def _install(cluster: RunningCluster, namespace: str, chart: str, *options: str) -> None:
    command = [str(cluster.programs / "helm"), "install", "lab", str(ROOT / "catalog" / chart)]
    command += ["--namespace", namespace, "--kubeconfig", str(cluster.kubeconfig)]
    command += ["--wait", "--timeout=240s", f"--set=service.image.version={_image(chart)}"]
    command += ["--set=resources.requests.memory=64Mi", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _image(chart: str) -> str:
    if chart not in (made.name for made in images.last()):
        pytest.skip(f"the image of {chart} is not made: python -m tools.cluster images")
    return f"localhost/sardonyx/{chart}:{images.version(chart)}"


def _pinned(chart: str) -> dict[str, str]:
    """Return name -> version of the pins that hold on the image's Python and system."""
    here = {
        "python_version": "3.11",
        "python_full_version": "3.11.2",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "os_name": "posix",
    }
    found = {}
    text = (ROOT / "catalog" / chart / "requirements.txt").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        pin = line.split("--hash")[0].strip()
        if not pin or pin.startswith("#"):
            continue
        required = Requirement(pin)
        if required.marker is None or required.marker.evaluate(here):
            (only,) = required.specifier
            found[required.name.lower()] = only.version
    return found
