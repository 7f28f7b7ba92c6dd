"""The chart of tests/data/charts that uses every widget and rule of the launcher."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.catalog.folders import ADA
from tests.charts.rendering import run
from tests.launcher.samples import context

from sardonyx.adapters.processes.profile import parse_profile
from sardonyx.adapters.processes.rendering import Place, render
from sardonyx.adapters.processes.sandbox import INSIDE_HOME, Layout, Level
from sardonyx.catalog.models import Chart
from sardonyx.catalog.read import read_chart
from sardonyx.catalog.registry import SchemaRegistry
from sardonyx.launcher.draft import Draft, make_draft
from sardonyx.launcher.form_model import FormGroup, GroupRole, Widget
from sardonyx.launcher.models import PatchEntry
from sardonyx.services.models import LaunchPlan
from sardonyx.values import JsonObject

FOLDER = Path(__file__).parents[1] / "data" / "charts" / "everything"
REGISTRY = SchemaRegistry().overrides(ADA).registry


def chart() -> Chart:
    found = read_chart(FOLDER, "tests")
    assert isinstance(found, Chart)
    return found


def draft(*patch: PatchEntry) -> Draft:
    drawn: JsonObject = {"service": {"oneTimePassword": "drawn-once"}}
    return make_draft(chart=chart(), context={**context(), **drawn}, patch=patch, registry=REGISTRY)


def test_its_form_has_every_widget_and_every_kind_of_group() -> None:
    made = draft()
    # A half of a range is a slider where it stands alone.
    widgets = {field.widget for field in made.form.fields()} | {
        child.widget
        for group in made.form.groups()
        for child in group.children
        if not isinstance(child, FormGroup)
    }
    assert widgets == set(Widget)
    assert {group.role for group in made.form.groups()} | {made.form.role} == set(GroupRole)
    assert made.errors == ()


def test_helm_takes_it_as_it_is_and_with_what_the_form_gives(tmp_path: Path) -> None:
    linted = run("lint", "--strict", str(FOLDER))
    assert linted.returncode == 0, linted.stdout
    for number, made in enumerate((draft(), draft(PatchEntry(("extras", "side"), True)))):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(made.values))
        done = run("template", "demo", str(FOLDER), "-f", str(file))
        assert done.returncode == 0, done.stderr
        assert ("demo-side" in done.stdout) is bool(number)


@pytest.mark.parametrize("mode", ["internal", "external"])
def test_its_process_profile_finds_all_it_refers_to(mode: str) -> None:
    found, made = chart(), draft(PatchEntry(("database", "mode"), mode))
    plan = LaunchPlan(
        release="everything-1",
        project="user-ada",
        owner="ada",
        friendly_name="everything",
        shared=False,
        chart=found.ref,
        values=made.values,
        merged=made.merged,
        context=made.context,
    )
    layout = Layout(INSIDE_HOME, f"{INSIDE_HOME}/work", "/run/sardonyx", "/run/token")
    place = Place(layout, Level.FULL, "boot", 8888, 9999, "localhost:8000")
    assert found.local is not None
    done = render(found, parse_profile(found.local), plan, place)
    assert done.problems == ()
    assert ("DATABASE" in done.orders.env) is (mode == "external")
    assert set(done.notes) == {"en", "fr"}
