"""The main job: a dropped file, a click, and JupyterLab reads that file with nothing typed in.

By mouse from home, by keyboard alone, and by command line and Jupyter's API alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.data import Sample, activities, flights
from tests.e2e.jupyter import Kernel
from tests.e2e.platform import TestPlatform

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("platform")]


@pytest.fixture(
    params=[
        pytest.param(flights, id="package"),
        pytest.param(activities, id="published", marks=pytest.mark.published),
    ]
)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Sample:
    make: Callable[[Path], Sample | None] = request.param
    made = make(tmp_path)
    if made is None:
        pytest.skip("the published data are not here: set SARDONYX_DATA")
    return made


@pytest.mark.browser
def test_by_mouse_from_home(page: Page, platform: TestPlatform, sample: Sample) -> None:
    page.get_by_role("button", name="Choose files").wait_for()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(sample.file)
    preview(page, sample)
    file_page = page.url
    page.get_by_role("link", name="Open JupyterLab").click()
    page.get_by_role("button", name="Launch").click()
    with page.expect_popup(timeout=400_000) as opened:
        page.get_by_role("link", name=re.compile("Open")).first.click(timeout=400_000)
    lab = opened.value
    cell = notebook(lab)
    cell.click()
    run_cell(lab, cell, platform, sample)
    page.goto(file_page)  # now that one runs, one click is enough
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open JupyterLab").click()
    expect(opened.value.locator(".jp-Notebook .jp-CodeCell").first).to_contain_text("duckdb")
    delete_all(platform, sample)


@pytest.mark.heavy  # the mouse's way stands for both, every time
@pytest.mark.browser
def test_by_keyboard_alone(page: Page, platform: TestPlatform, sample: Sample) -> None:
    def press(target: Locator) -> None:
        """Move the focus by Tab until it is on the target, then press Enter."""
        target.wait_for(timeout=400_000)
        for _ in range(80):
            if target.evaluate("element => element === document.activeElement"):
                break
            target.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"Tab never reaches {target}")
        target.page.keyboard.press("Enter")

    with page.expect_file_chooser() as chooser:
        press(page.get_by_role("button", name="Choose files"))
    chooser.value.set_files(sample.file)
    preview(page, sample)
    press(page.get_by_role("link", name="Open JupyterLab"))
    page.wait_for_url("**/launch/**")
    press(page.get_by_role("button", name="Launch"))
    page.wait_for_url("**/services/**")
    with page.expect_popup(timeout=400_000) as opened:
        press(page.get_by_role("link", name=re.compile("Open")).first)
    lab = opened.value
    cell = notebook(lab)
    run_cell(lab, cell, platform, sample)
    delete_all(platform, sample)


def test_by_command_line_and_jupyter_api(platform: TestPlatform, sample: Sample) -> None:
    key = f"data/{sample.file.name}"
    platform.run("files", "cp", str(sample.file), f"platform:{key}")
    rows = platform.json(
        "files",
        "sql",
        key,
        f"select {sample.group}, count(*) from data group by 1 order by 2 desc, 1 limit 3",
    )["rows"]
    assert [(row[0], int(row[1])) for row in rows] == list(sample.largest)
    name = platform.launch("jupyter-python")
    opened = platform.json("services", "token", name)
    with Kernel(opened["address"], (opened["header"], opened["value"])) as kernel:
        check(kernel.run(cell_of(platform, sample, key)), sample)
    platform.run("services", "delete", name, "--yes")


def preview(page: Page, sample: Sample) -> None:
    """The uploaded file's page shows its first rows, types and count."""
    expect(page.get_by_role("heading", name=sample.file.name)).to_be_visible()
    expect(page.get_by_role("columnheader", name=re.compile(sample.group))).to_contain_text(
        "VARCHAR"
    )
    expect(page.locator("main")).to_contain_text(f"{sample.rows:,} rows")


def notebook(lab: Page) -> Locator:
    """Return the empty cell of the notebook that opens on the file, once the kernel is idle."""
    lab.wait_for_load_state()
    cells = lab.locator(".jp-Notebook .jp-CodeCell .cm-content")
    cells.first.wait_for(timeout=120_000)
    expect(cells.first).to_contain_text("duckdb")
    cell = cells.last
    expect(cell).to_be_empty()
    # A cell sent before the kernel's channel is open is lost without a word.
    lab.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=120_000)
    return cell


def run_cell(lab: Page, cell: Locator, platform: TestPlatform, sample: Sample) -> None:
    cell.focus()
    lab.keyboard.insert_text(cell_of(platform, sample, sample.file.name))
    lab.keyboard.press("Shift+Enter")
    output = lab.locator(".jp-OutputArea-output pre", has_text="boto3")
    output.wait_for(timeout=300_000)
    check(output.inner_text(), sample)


def cell_of(platform: TestPlatform, sample: Sample, key: str) -> str:
    return sample.cell.replace("BUCKET", platform.project).replace("KEY", key)


def check(printed: str, sample: Sample) -> None:
    """Every client saw the whole file, and the aggregate is right."""
    said = dict(line.split(" ", 1) for line in printed.strip().splitlines())
    assert said == {
        "duckdb": str(list(sample.largest)),
        "polars": str(sample.rows),
        "pyarrow": str(sample.rows),
        "pandas": str(sample.rows),
        "boto3": str(sample.file.stat().st_size),
    }


def delete_all(platform: TestPlatform, sample: Sample) -> None:
    platform.run("files", "rm", sample.file.name)
    for service in platform.json("services", "list"):
        platform.run("services", "delete", service["name"], "--yes")
