"""`fraud features`: the stream's own features of a file, for models of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Files, Json, LabelDelay, Labels, Mapping
from streams.cli.output import example, result
from streams.cli.progress_bar import bar

if TYPE_CHECKING:
    from streams.feature_table import FeatureRequest, Written


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud features world --out X.parquet"))(features)


def features(
    path: Files,
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The Parquet file to write.")],
    mapping: Mapping = None,
    labels: Labels = None,
    label_delay_days: LabelDelay = None,
    as_json: Json = False,
) -> None:
    """Write every transaction's features as the stream knew them then; labels come when they came.

    A row a transaction, in order of arrival: its ids, time and amount, every feature by name (null
    is missing), label (true is fraud, null unknown) and when that label was observed.
    """
    from streams.feature_table import FeatureRequest  # noqa: PLC0415 - keeps `fraud --help` quick

    request = FeatureRequest(path, out, mapping, labels, label_delay_days)
    found = _found(request, with_bar(request))
    result(found, _text(found), as_json=as_json)


def with_bar(request: FeatureRequest) -> Written:
    """Write the file, showing how far it is and how long it will take."""
    from streams.feature_table import write  # noqa: PLC0415 - quick `--help`

    total = request.source().total()
    with bar() as progress:
        task = progress.add_task("features", total=total, rate="")
        return write(request, lambda done: progress.update(task, completed=done))


def _found(request: FeatureRequest, written: Written) -> dict[str, Any]:
    from models.features import FEATURES  # noqa: PLC0415 - quick `--help`

    return {
        "file": str(request.out),
        "rows": written.rows,
        "features": len(FEATURES.names),
        "feature_spec": FEATURES.spec_hash,
        "label_delay_days": request.label_delay_days,
        "counts": written.counts,
        "seconds": round(written.seconds, 3),
    }


def _text(found: dict[str, Any]) -> str:
    counts = found["counts"]
    left_out = counts["transactions"] - found["rows"] if "transactions" in counts else 0
    return (
        f"{found['rows']:,} rows of {found['features']} features, {left_out:,} transactions left "
        f"out (refused or repeated), {found['seconds']:.0f} s\n{found['file']}"
    )
