"""`fraud simulate`: worlds written as files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from producers.scenarios.catalogue import DAYS, ONSET_DAY, SCENARIOS, Scenario
from streams.cli.options import Json
from streams.cli.output import errors_console, example, result

if TYPE_CHECKING:
    from producers.scenarios.simulate import Drifted

PUBLIC_DAYS = 183  # producers.handbook_world says why; a test compares the two
MOST_DAYS = 131_072

app = typer.Typer(help="Write a simulated world as files.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(file_okay=False, help="Folder for the files.")]
Days = Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Days from 1 April 2018.")]
Delay = Annotated[int, typer.Option(min=0, help="From transaction to label.")]
Seed = Annotated[
    int, typer.Option(min=0, max=32_767, help="0 is the public data set, others its kind.")
]
FraudsOnly = Annotated[
    bool, typer.Option("--frauds-only", help="Label the frauds alone: silence means legitimate.")
]
OnsetDay = Annotated[
    int, typer.Option(min=1, max=MOST_DAYS, help="The day at whose midnight it changes.")
]


@app.callback()
def worlds() -> None:
    """Write a simulated world as files: the Handbook's as it is, or with one change."""


@app.command(epilog=example("fraud simulate handbook --out world --days 30"))
def handbook(
    *,
    out: Out,
    days: Days = PUBLIC_DAYS,
    label_delay_days: Delay = 7,
    seed: Seed = 0,
    frauds_only: FraudsOnly = False,
    as_json: Json = False,
) -> None:
    """The Fraud Detection Handbook's world, exactly.

    Its public data set, regenerated: transactions and labels.
    """
    from producers.handbook import simulate  # noqa: PLC0415 - keeps `fraud --help` quick

    _say(days)
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


def _drifting(scenario: Scenario) -> Callable[..., None]:
    """The command that writes a scenario's world."""

    def command(
        *,
        out: Out,
        days: Days = DAYS,
        onset_day: OnsetDay = ONSET_DAY,
        label_delay_days: Delay = 7,
        seed: Seed = 0,
        frauds_only: FraudsOnly = False,
        as_json: Json = False,
    ) -> None:
        from producers.scenarios.simulate import simulate  # noqa: PLC0415 - as above

        if onset_day >= days:
            raise typer.BadParameter(f"--onset-day {onset_day}: expected less than --days {days}")
        _say(days)
        made = simulate(
            scenario.name, out, days=days, seed=seed, label_delay_days=label_delay_days,
            onset_day=onset_day, frauds_only=frauds_only,
        )  # fmt: skip
        found = asdict(made) | {"folder": str(made.folder)}
        result(found, _text(made), as_json=as_json)

    command.__doc__ = scenario.describes
    return command


def _text(made: Drifted) -> str:
    onset = datetime.fromtimestamp(made.described["onset"] / 1_000, UTC)
    return (
        f"{made.transactions:,} transactions, {made.frauds:,} frauds\n"
        f"{made.described['describes']} From {onset:%A %d %B %Y} on: {made.changed:,} transactions "
        f"of {made.cards:,} cards, {made.changed_frauds:,} frauds among them\n"
        + "\n".join(str(made.folder / file) for file in made.files)
    )


def _say(days: int) -> None:
    errors_console().print(f"drawing {days} days; 183 take about half a minute")


for _scenario in SCENARIOS.values():
    _epilog = example(f"fraud simulate {_scenario.name} --out world")
    app.command(_scenario.name, epilog=_epilog)(_drifting(_scenario))
