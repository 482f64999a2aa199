"""What dashboards and alert rules ask for, and what there is to ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry

from infra.grafana.build import tables
from streams.latency import LatencyHistogram
from streams.metrics import Metrics

ROOT = Path(__file__).parents[3]
RULES = ROOT / "infra/prometheus/rules"
RUNBOOKS = ROOT / "infra/runbooks"
TARGET = {"job", "instance", "role"}  # what Prometheus adds to every series of a worker
NAME = r"[a-zA-Z_][a-zA-Z0-9_:]*"
SELECTOR = re.compile(rf"(?<![\w\"{{])({NAME})\s*(\{{[^}}]*\}})?")
GROUPING = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
WORDS = {
    "by", "on", "and", "or", "group_left", "offset", "sum", "max", "min", "count", "rate",
    "increase", "histogram_quantile", "time", "vector", "deriv", "max_over_time", "avg_over_time",
    "bool", "unless",
}  # fmt: skip


@cache
def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    return {rule["alert"]: rule for rule in _rules("alerts.yml")}


@cache
def recorded() -> dict[str, str]:
    """Every recording rule's expression by its name."""
    return {rule["record"]: rule["expr"] for rule in _rules("recording.yml")}


@cache
def panels() -> dict[str, list[str]]:
    """Every panel's expressions, by dashboard and title."""
    return {
        f"{name}: {row['title']}": list(row["queries"].values())
        for name, rows in tables().items()
        for row in rows
    }


def expressions() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression."""
    for name, rule in alerts().items():
        yield name, rule["expr"]
    yield from recorded().items()
    for title, queries in panels().items():
        yield from ((title, query) for query in queries)


@cache
def exposed() -> dict[str, set[str]]:
    """The labels of every series of a worker's metrics page, by its name."""
    found: dict[str, set[str]] = {}
    for metric in vars(Metrics(CollectorRegistry())).values():
        if isinstance(metric, LatencyHistogram):
            found |= _histogram(metric.name, set())
        elif hasattr(metric, "_labelnames"):
            found |= _series(metric)
    return found | _process()


def _series(metric: Any) -> dict[str, set[str]]:
    labels = set(metric._labelnames)
    if metric._type == "histogram":
        return _histogram(metric._name, labels)
    return {metric._name + ("_total" if metric._type == "counter" else ""): labels}


def _histogram(name: str, labels: set[str]) -> dict[str, set[str]]:
    return {
        f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels,
    }  # fmt: skip


def _process() -> dict[str, set[str]]:
    families = Metrics(CollectorRegistry()).process.collect()
    return {sample.name: set() for family in families for sample in family.samples}


@cache
def known() -> dict[str, set[str]]:
    """Labels by name of all that an expression may ask for: workers', Prometheus', recorded."""
    found = {name: labels | TARGET for name, labels in exposed().items()}
    found |= {"up": TARGET, "ALERTS": {"alertname", "alertstate", "severity"}}
    for name, expression in recorded().items():
        series = [one for one, _ in asked(expression) if one in recorded()]
        # Made of aggregations, or of recorded series, whose labels it keeps.
        found[name] = grouped(expression) - {"le"} | {x for one in series for x in found[one]}
    return found


def asked(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The series that an expression names, each with the labels of its matchers."""
    for name, matchers in SELECTOR.findall(without_strings(GROUPING.sub(" ", expression))):
        if name not in WORDS and not re.fullmatch(r"\d*[smhd]", name):
            yield name, set(re.findall(rf"({NAME})\s*[=!]", matchers))


def grouped(expression: str) -> set[str]:
    """The labels that an expression groups or matches by."""
    lists = GROUPING.findall(expression)
    return {label.strip() for one in lists for label in one.split(",") if label.strip()}


def without_strings(expression: str) -> str:
    """The expression with its label values emptied."""
    return re.sub(r'"[^"]*"', '""', expression)


def _rules(name: str) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load((RULES / name).read_text())["groups"]:
        yield from group["rules"]
