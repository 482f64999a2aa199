"""Dashboards, alert rules and runbooks: they ask for what there is, and say what to do."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from infra.grafana.build import DASHBOARDS, SOURCE, rendered, tables
from models.contest.standings import measures
from models.learn_memory import Memory, Seen
from streams.cli import app
from streams.metric_series import begin
from streams.metrics import METRICS, Metrics
from streams.metrics_shown import MEASURES
from tests.prometheus_tools import binary
from tests.unit.infra.watching import (
    ROOT,
    RUNBOOKS,
    alerts,
    asked,
    exposed,
    expressions,
    grouped,
    known,
    panels,
)

PROMETHEUS = ROOT / "infra/prometheus"
UNITS = {"none", "bool_yes_no", "ops", "s", "percentunit", "bytes"}
CASES = [
    case
    for path in sorted((PROMETHEUS / "tests").glob("*.yml"))
    for test in yaml.safe_load(path.read_text())["tests"]
    for case in test["alert_rule_test"]
]


# -- what is asked for ------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_series_that_is_asked_for_exists_with_those_labels(
    where: str, expression: str
) -> None:
    there, found = known(), list(asked(expression))
    assert found
    for name, labels in found:
        assert name in there, f"{where} asks for {name}"
        assert labels <= there[name], f"{where}: {name} has {sorted(there[name])}"
    of_all = set().union(*(there[name] for name, _ in found))
    assert grouped(expression) <= of_all, where


def test_the_check_finds_a_name_and_a_label_that_are_not_there() -> None:
    found = dict(asked('sum by (stage) (rate(fraud_evnts_total{stag="x"}[5m])) > 2'))
    assert found == {"fraud_evnts_total": {"stag"}}
    assert "fraud_evnts_total" not in known()


def test_every_metric_is_watched_by_somebody() -> None:
    """A metric that no panel and no rule asks for is noise."""
    used = {name for _, expression in expressions() for name, _ in asked(expression)}
    # A library's.
    unseen = {"process_virtual_memory_bytes", "process_open_fds", "process_max_fds"}
    for name in exposed().keys() - unseen:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        assert any(one.startswith(base) for one in used), name


def test_names_carry_base_units() -> None:
    for name in exposed():
        assert not re.search(r"_(ms|millis|minutes|hours|days|percent|kb|mb)(_|$)", name), name


# -- alert rules and runbooks -----------------------------------------------------------------


@pytest.mark.parametrize(("name", "rule"), alerts().items())
def test_an_alert_says_how_bad_what_and_what_to_do(name: str, rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    runbook = ROOT / rule["annotations"]["runbook_url"]
    assert runbook == RUNBOOKS / f"{name}.md"
    text = runbook.read_text()
    assert text.startswith(f"# {name}\n\nSeverity: {rule['labels']['severity']}.\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Meaning", "Look at", "Do"]


def test_no_runbook_is_without_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(alerts())


def runbook_commands() -> Iterator[str]:
    for path in sorted(RUNBOOKS.glob("*.md")):
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
            yield from (line.strip() for line in block.splitlines() if line.strip())


@pytest.mark.parametrize("line", sorted(set(runbook_commands())))
def test_every_command_of_a_runbook_parses(line: str) -> None:
    assert line.startswith("fraud ")
    words = shlex.split(line)[1:]
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    found.make_context("fraud", words)


def test_runbooks_send_to_panels_and_pages_that_exist() -> None:
    titles = {row["title"] for rows in tables().values() for row in rows}
    titles |= {name.capitalize() for name in tables()}
    operations = (ROOT / "infra/docs/operations.md").read_text()
    titles |= set(re.findall(r"^## (.+)$", operations, re.MULTILINE))
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text()
        assert set(re.findall(r"\*([^*\n]+)\*", text)) <= titles, path.name
        assert set(re.findall(r"\bFraud[A-Z]\w+", text)) <= set(alerts()), path.name


def test_each_alert_is_tested_firing_and_silent() -> None:
    firing = {case["alertname"] for case in CASES if case.get("exp_alerts")}
    silent = {case["alertname"] for case in CASES if not case.get("exp_alerts")}
    assert firing == silent == set(alerts())


# -- dashboards -------------------------------------------------------------------------------


def test_dashboards_are_what_the_table_of_panels_makes() -> None:
    written = {path.name: path.read_text() for path in DASHBOARDS.glob("*.json")}
    assert written == rendered(), "run python -m infra.grafana.build"


def test_every_panel_says_what_it_shows_and_in_what_unit() -> None:
    uids = set()
    for text in rendered().values():
        dashboard = json.loads(text)
        uids.add(dashboard["uid"])
        for panel in dashboard["panels"]:
            assert panel["title"]
            assert panel["description"].endswith(".")
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
            assert panel["targets"]
            assert all(one["datasource"] == panel["datasource"] for one in panel["targets"])
        places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
        assert len(set(places)) == len(places)
    assert len(uids) == len(tables())
    assert len(panels()) == sum(map(len, tables().values())), "a title stands twice"


def test_dashboards_use_the_data_source_that_is_provisioned() -> None:
    provisioned = ROOT / "infra/grafana/provisioning/datasources/prometheus.yml"
    [source] = yaml.safe_load(provisioned.read_text())["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == SOURCE


# -- series that are there from the start -----------------------------------------------------


def begun() -> Metrics:
    """What workers show before the first event."""
    fresh = Metrics(CollectorRegistry())
    for stage in ("profile", "score", "alert", "join", "learn", "drift-decisions"):
        begin(stage, fresh)
    return fresh


def test_a_stage_shows_its_series_before_the_first_event() -> None:
    value = begun().registry.get_sample_value
    assert value("fraud_decisions_total", {"decision": "DECLINE"}) == 0.0
    assert value("fraud_dead_letters_total", {"code": "PROCESSING_FAILED"}) == 0.0
    assert value("fraud_labels_total", {"result": "EXPIRED"}) == 0.0
    assert value("fraud_learner_outcomes_total", {"result": "learned"}) == 0.0


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_no_first_event_goes_by(where: str, expression: str) -> None:
    """increase() sees nothing of a series that begins at 1."""
    families = begun().registry.collect()
    there = {sample.name for family in families for sample in family.samples}
    for name in re.findall(r"increase\((\w+)", expression):
        assert name in there or f"{name} offset" in expression, f"{where}: {name} begins at 1"


def test_the_learners_metrics_are_the_snapshots_own() -> None:
    memory = Memory(4, competitors=1)
    memory.note(Seen(1, 1, 0, 100, 1.0, False, [0.1]))
    memory.note(Seen(2, 2, 0, 100, 1.0, True, [0.9]))
    assert MEASURES.keys() < measures(memory.table(), 0, 10.0).keys()
    assert len(set(MEASURES.values())) == len(MEASURES)


# -- Prometheus' own word ---------------------------------------------------------------------


def promtool(*arguments: object, given: bytes = b"") -> None:
    done = subprocess.run(
        [binary("promtool"), *map(str, arguments)], input=given, capture_output=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_promtool_accepts_the_configuration_and_the_rules() -> None:
    promtool("check", "config", PROMETHEUS / "prometheus.yml")
    promtool("check", "rules", *sorted((PROMETHEUS / "rules").glob("*.yml")))


def test_promtool_finds_nothing_wrong_with_the_metrics() -> None:
    promtool("check", "metrics", given=generate_latest(METRICS.registry))


@pytest.mark.parametrize("name", ["seconds.yml", "minutes.yml", "hours.yml"])
def test_alerts_fire_when_they_must_and_only_then(name: str) -> None:
    promtool("test", "rules", PROMETHEUS / "tests" / name)


def test_promtool_would_find_a_rule_that_does_not_fire(tmp_path: Path) -> None:
    rules = (
        (PROMETHEUS / "rules/alerts.yml").read_text().replace("fraud_live == 0", "fraud_live > 5")
    )
    tests = (PROMETHEUS / "tests/seconds.yml").read_text()
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "rules/alerts.yml").write_text(rules)
    (tmp_path / "rules/recording.yml").write_text((PROMETHEUS / "rules/recording.yml").read_text())
    first = tests.index("  - name: 'a worker stops moving'")
    one = tests[first : tests.index("  - name:", first + 5)]
    (tmp_path / "tests/one.yml").write_text(tests[: tests.index("  - name:")] + one)
    with pytest.raises(AssertionError, match="FraudNoProgress"):
        promtool("test", "rules", tmp_path / "tests/one.yml")
