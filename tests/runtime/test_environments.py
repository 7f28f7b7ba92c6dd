"""Environments: built once, shared, safe when cut; uv's words become facts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from tests.runtime.world import make_wheel, package_registry

from sardonyx.adapters.processes.containment import bubblewrap
from sardonyx.adapters.processes.environments import (
    READY,
    EnvironmentCancelled,
    EnvironmentFault,
    Progress,
    _Reader,
    environment_key,
    environment_path,
    environment_ready,
    fault_facts,
    prepare_environment,
)
from sardonyx.adapters.processes.home import Home
from sardonyx.adapters.processes.network import network_environment, save_network_environment
from sardonyx.adapters.s3.certificates import inner_certificate

TINY = "sardonyx-tiny==1.0\n"
CLOSED = "http://127.0.0.1:9/simple"


@pytest.fixture
def registry(home: Home, tmp_path: Path) -> Iterator[Path]:
    """A registry with one small package; gives its folder of wheels."""
    make_wheel(tmp_path, "sardonyx-tiny")
    with package_registry(tmp_path) as address:
        use(home, address)
        yield tmp_path


def use(home: Home, address: str) -> None:
    save_network_environment(home, {"UV_DEFAULT_INDEX": address, "UV_HTTP_RETRIES": "0"})


def fault_of(home: Home, requirements: str) -> dict[str, str | int | float]:
    with pytest.raises(EnvironmentFault) as caught:
        prepare_environment(home, requirements)
    assert not environment_path(home, requirements).exists()
    return caught.value.facts


@pytest.mark.real
def test_a_prepared_environment_needs_no_network(home: Home, registry: Path) -> None:
    told: list[Progress] = []
    assert not environment_ready(home, TINY)
    place = prepare_environment(home, TINY, told=told.append)
    assert environment_ready(home, TINY)
    assert [one.phase for one in told][-1] == "ready"
    assert told[-1].fraction == 1.0
    script = "import sardonyx_tiny; print(sardonyx_tiny.VERSION)"
    said = subprocess.check_output([place / "bin" / "python", "-c", script], text=True)
    assert said == "1.0\n"
    use(home, CLOSED)
    assert prepare_environment(home, TINY) == place
    assert not any(path.suffix in {".progress"} for path in home.environments.iterdir())


@pytest.mark.real
def test_two_launches_share_one_build(home: Home, registry: Path) -> None:
    both = threading.Barrier(2)

    def build() -> tuple[Path, list[Progress]]:
        told: list[Progress] = []
        both.wait()
        return prepare_environment(home, TINY, told=told.append), told

    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(build) for _ in range(2))
    assert first.result()[0] == second.result()[0]
    # One of them built: only a builder hears its own end.
    ends = [one for _, told in (first.result(), second.result()) for one in told]
    assert [one.phase for one in ends].count("ready") >= 1
    assert len([one for one in home.environments.iterdir() if one.is_dir()]) == 1


@pytest.mark.real
def test_a_cut_build_is_built_again(home: Home, registry: Path) -> None:
    place = prepare_environment(home, TINY)
    (place / READY).unlink()
    (place / "lib").rename(place / "broken")
    assert prepare_environment(home, TINY) == place
    assert not (place / "broken").exists()


@pytest.mark.real
def test_a_build_can_be_cancelled(home: Home, registry: Path) -> None:
    with pytest.raises(EnvironmentCancelled):
        prepare_environment(home, TINY, cancelled=lambda: True)
    assert not environment_path(home, TINY).exists()
    prepare_environment(home, TINY)


@pytest.mark.real
def test_hashes_of_the_requirements_are_asked_for(home: Home, registry: Path) -> None:
    [wheel] = registry.iterdir()
    right = f"sardonyx-tiny==1.0 --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n"
    assert prepare_environment(home, right).exists()
    wrong = f"sardonyx-tiny==1.0 --hash=sha256:{'0' * 64}\n"
    assert fault_of(home, wrong)["package_error"] == "hashes"


@pytest.mark.real
def test_faults_are_named(home: Home, registry: Path) -> None:
    facts = fault_of(home, "sardonyx-no-such-package==1\n")
    assert (facts["package_error"], facts["package"]) == ("not_found", "sardonyx-no-such-package")
    facts = fault_of(home, "sardonyx-tiny==99\n")
    assert (facts["package_error"], facts["package"], facts["version"]) == (
        "no_version",
        "sardonyx-tiny",
        "99",
    )
    use(home, CLOSED)
    facts = fault_of(home, "sardonyx-other==1\n")
    assert facts["package_error"] == "network"
    assert "127.0.0.1" not in str(facts["package_evidence"])
    save_network_environment(home, {"UV_OFFLINE": "1"})
    assert fault_of(home, "sardonyx-third==1\n")["package_error"] == "offline"


@pytest.mark.real
def test_a_registry_with_a_foreign_certificate_is_named(home: Home, tmp_path: Path) -> None:
    made = inner_certificate(tmp_path)
    with package_registry(tls=(made.certificate, made.key)) as address:
        use(home, address)
        assert fault_of(home, "sardonyx-tiny==1.0\n")["package_error"] == "certificate"


@pytest.mark.real
def test_a_full_disk_is_named_and_leaves_nothing(home: Home, tmp_path: Path) -> None:
    bwrap = bubblewrap()
    if bwrap is None:
        pytest.skip("bubblewrap is missing, which mounts the small disk of this test")
    wheel = make_wheel(tmp_path, "sardonyx-large", body=os.urandom(600_000).hex())
    requirements = f"sardonyx-large @ {wheel.as_uri()}\n"
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sardonyx.adapters.processes.environments import *\n"
        "from sardonyx.adapters.processes.environments import EnvironmentFault\n"
        "from sardonyx.adapters.processes.home import Home\n"
        "home = Home(Path(sys.argv[1]))\n"
        "home.prepare()\n"
        "try:\n"
        "    prepare_environment(home, sys.argv[2])\n"
        "except EnvironmentFault as fault:\n"
        "    print(fault.facts['package_error'], environment_path(home, sys.argv[2]).exists())\n"
    )
    small = ["--size", "1000000", "--tmpfs", str(home.root)]
    done = subprocess.run(
        [bwrap, "--dev-bind", "/", "/", *small, "--", sys.executable, "-c", script,
         str(home.root), requirements],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout == "disk_full False\n", done.stderr


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("error: failed\n  cause: Read-only file system (os error 30)", "read_only"),
        ("error: something new", "other"),
    ],
)
def test_words_of_faults_that_need_a_bad_machine(words: str, error: str) -> None:
    assert fault_facts(words.splitlines(), 2)["package_error"] == error


def test_addresses_are_hidden_in_the_evidence() -> None:
    words = ["error: Failed to fetch: `https://ada:pw@packages.example/simple/x/`"]
    assert "ada:pw" not in str(fault_facts(words, 2)["package_evidence"])


def test_progress_is_weighed_by_announced_sizes(home: Home) -> None:
    told: list[Progress] = []
    reader = _Reader(told.append, home.environments / "x.progress")
    for line in (
        "Using Python 3.11.7 environment at: e",
        "Resolved 3 packages in 208ms",
        "Downloading duckdb (20.0MiB)",
        "Downloading numpy (60.0MiB)",
        " Downloaded duckdb",
        " Downloaded numpy",
        "Prepared 3 packages in 349ms",
        "Installed 3 packages in 16ms",
        " + numpy==2.4.0",
    ):
        reader.read(line)
    fractions = [one.fraction for one in told]
    assert fractions[0] is None
    known = [one for one in fractions if one is not None]
    assert known == sorted(known)
    half = told[3]
    assert (half.bytes_done, half.bytes_total) == (20 * 1024**2, 80 * 1024**2)
    assert [one.phase for one in told][-2:] == ["installing", "compiling"]


def test_the_key_is_of_the_content() -> None:
    assert environment_key("a==1\n") == environment_key("a==1\n")
    assert environment_key("a==1\n") != environment_key("a==2\n")


def test_only_network_settings_travel() -> None:
    kept = network_environment(
        {
            "UV_DEFAULT_INDEX": "x",
            "PIP_INDEX_URL": "x",
            "https_proxy": "x",
            "SSL_CERT_FILE": "x",
            "UV_CACHE_DIR": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "PATH": "x",
        }
    )
    assert set(kept) == {"UV_DEFAULT_INDEX", "PIP_INDEX_URL", "https_proxy", "SSL_CERT_FILE"}
