"""`fraud runs`: the replays on record, beside each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from streams.cli.options import Json
from streams.cli.output import example, result

METRICS = (
    ("AUC", "auc_roc"), ("AP", "average_precision"), ("CP@100", "card_precision_at_100"),
)  # fmt: skip
OVERALL = (("AUC", "auc_roc"), ("AP", "average_precision"), ("CP@k", "card_precision_at_k"))
ID_SHOWN = 8


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud runs --last 5 --json"))(runs)


def runs(
    store: Annotated[
        str | None,
        typer.Option(
            "--track",
            envvar="FRAUD_TRACK",
            metavar="STORE",
            help="A folder, a file or sqlite:///FILE; default: .fraud/runs.db.",
        ),
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List the replays on record: when, what differs between their parameters, and the metrics.

    `mlflow ui --backend-store-uri sqlite:///.fraud/runs.db` shows the same with plots.
    """
    from streams.tracking import STORE, required  # noqa: PLC0415 - keeps `fraud --help` quick
    from streams.tracking import runs as on_record  # noqa: PLC0415

    where = required(STORE if store is None else store)
    found = on_record(where)[:last]
    shown = "\n".join(_lines(found)) or f"No replay on record in {where}"
    result({"store": where, "runs": found}, shown, as_json=as_json)


def differing(found: list[dict[str, Any]]) -> list[str]:
    """The parameters that are not the same in all runs.

    >>> differing([{"params": {"seed": "0", "a": "1"}}, {"params": {"seed": "1", "a": "1"}}])
    ['seed']
    """
    names = dict.fromkeys(name for run in found for name in run["params"])
    return [name for name in names if len({run["params"].get(name) for run in found}) > 1]


def _lines(found: list[dict[str, Any]]) -> list[str]:
    names, lines = differing(found), []
    for run in found:
        started = datetime.fromtimestamp(run["started"] // 1_000, UTC).isoformat(" ")[:16]
        differs = " ".join(f"{name}={run['params'].get(name, '-')}" for name in names)
        lines.append(f"{run['run'][:ID_SHOWN]}  {started}  {differs}".rstrip())
        lines += [f"{'':>10}{model:>24}  {text}" for model, text in _models(run["metrics"])]
    return lines


def _models(metrics: dict[str, float]) -> list[tuple[str, str]]:
    """A line a model: of the folds where there are some, else of the whole file."""
    lines = []
    for model in dict.fromkeys(name.split("/")[0] for name in metrics):
        folds = (f"{model}/{kind}/mean" for kind in ("continuous", "rules"))
        head = next((one for one in folds if f"{one}/auc_roc" in metrics), None)
        names = OVERALL if head is None else METRICS
        head = head or f"{model}/overall"
        known = [(title, metrics.get(f"{head}/{name}")) for title, name in names]
        text = "  ".join(f"{title} {value:.3f}" for title, value in known if value is not None)
        lines.append((model, text))
    return lines
