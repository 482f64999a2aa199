"""Writes the dashboards from the table of panels: `python -m infra.grafana.build`.

Grafana reads the classic JSON model, forty lines a panel, of which four say anything: those are in
`panels.yml`. A test compares the files with what this makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
DASHBOARDS = HERE / "dashboards"
SCHEMA_VERSION = 41  # Grafana 12's; later ones migrate it
COLUMNS, WIDTH, HEIGHT = 3, 8, 8  # of Grafana's 24 columns
SOURCE = {"type": "prometheus", "uid": "prometheus"}  # as provisioned


def tables() -> dict[str, list[dict[str, Any]]]:
    """The panels of each dashboard, as they are written down.

    >>> sorted(tables())
    ['alerts', 'drift', 'model', 'pipeline']
    """
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "panels.yml").read_text())
    return found


def dashboard(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One dashboard in Grafana's classic JSON model."""
    return {
        "uid": f"fraud-{name}",
        "title": f"fraud-streams: {name}",
        "tags": ["fraud"],
        "timezone": "utc",
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # one crosshair over all panels: what happened at the same time
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [
            {"type": "dashboards", "title": "fraud-streams", "tags": ["fraud"], "asDropdown": False,
             "icon": "external link", "includeVars": False, "keepTime": True, "targetBlank": False,
             "tooltip": "", "url": ""}
        ],
        "panels": [panel(number, row) for number, row in enumerate(rows)],
    }  # fmt: skip


def panel(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """The `number`-th panel, placed three a row."""
    kind = row.get("type", "timeseries")
    return {
        "id": number + 1,
        "title": row["title"],
        "description": row["description"],
        "type": kind,
        "datasource": SOURCE,
        "gridPos": {
            "x": number % COLUMNS * WIDTH,
            "y": number // COLUMNS * HEIGHT,
            "w": WIDTH,
            "h": HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": row["unit"]}, "overrides": []},
        "targets": [
            target(chr(ord("A") + place), legend, expression, kind)
            for place, (legend, expression) in enumerate(row["queries"].items())
        ],
        "options": OPTIONS[kind],
    }


def target(ref: str, legend: str, expression: str, kind: str) -> dict[str, Any]:
    """One query; a table asks for the present alone."""
    found = {"refId": ref, "datasource": SOURCE, "expr": expression, "legendFormat": legend}
    if kind == "table":
        return found | {"instant": True, "range": False, "format": "table"}
    return found | {"instant": False, "range": True, "format": "time_series"}


OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {
            "displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}  # fmt: skip


def rendered() -> dict[str, str]:
    """Every dashboard's file name and text."""
    return {
        f"{name}.json": json.dumps(dashboard(name, rows), indent=1) + "\n"
        for name, rows in tables().items()
    }


def main() -> None:
    """Write the files."""
    for name, text in rendered().items():
        (DASHBOARDS / name).write_text(text)


if __name__ == "__main__":
    main()
