"""`fraud simulate`: worlds written as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import Json
from streams.cli.output import errors_console, example, result

PUBLIC_DAYS = 183  # producers.handbook_world says why; a test compares the two

app = typer.Typer(help="Write a simulated world as files.", no_args_is_help=True)


@app.callback()
def worlds() -> None:
    """Write a simulated world as files."""


@app.command(epilog=example("fraud simulate handbook --out world --days 30"))
def handbook(
    *,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the two Parquet files.")],
    days: Annotated[
        int, typer.Option(min=1, max=131_072, help="Days from 1 April 2018.")
    ] = PUBLIC_DAYS,
    label_delay_days: Annotated[int, typer.Option(min=0, help="From transaction to label.")] = 7,
    seed: Annotated[
        int, typer.Option(min=0, max=32_767, help="0 is the public data set, others its kind.")
    ] = 0,
    frauds_only: Annotated[
        bool,
        typer.Option("--frauds-only", help="Label the frauds alone: silence means legitimate."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Regenerate the Fraud Detection Handbook's data set exactly: transactions and labels."""
    from producers.handbook import simulate  # noqa: PLC0415 - keeps `fraud --help` quick

    errors_console().print(f"drawing {days} days; 183 take about half a minute")
    made = simulate(
        out, days=days, seed=seed, label_delay_days=label_delay_days, frauds_only=frauds_only
    )
    found = asdict(made) | {
        "transactions_file": str(made.transactions_file), "labels_file": str(made.labels_file),
    }  # fmt: skip
    text = (
        f"{made.transactions:,} transactions of {made.customers:,} cards, {made.frauds:,} frauds "
        f"({', '.join(f'{n:,}' for n in made.scenarios)} by scenario)\n"
        f"{made.transactions_file}\n{made.labels_file}"
    )
    result(found, text, as_json=as_json)
