"""`fraud whatif`: the recorded log under other rules, another threshold or another model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result
from streams.cli.progress_bar import with_bars
from streams.cli.whatif_text import compared

if TYPE_CHECKING:
    from streams.whatif.change import Change
    from streams.whatif.limits import Limits
    from streams.whatif.replay import Span

HEADING = "reading fraud.outcomes, then fraud.activity"


def register(app: typer.Typer) -> None:
    """Add the command."""
    shown = "fraud whatif --threshold 0.3 --from 2018-05-01 --to 2018-05-02 --max-alerts-per-day 50"
    app.command(epilog=example(shown))(whatif)


Rules = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Rules that take the place of all others."),
]
Activate = Annotated[
    list[str] | None,
    typer.Option(metavar="CODE", help="A rule in shadow that acts; repeat for more."),
]
Threshold = Annotated[
    float | None, typer.Option(min=0, max=1, help="Score from which the model reviews.")
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[@VERSION]",
        help="A published model in the place of all others, with its own threshold.",
    ),
]
Since = Annotated[str | None, typer.Option("--from", metavar="TIME", help="First event time, UTC.")]
To = Annotated[str | None, typer.Option(metavar="TIME", help="Event time after the last, UTC.")]
MaxAlerts = Annotated[float | None, typer.Option(min=0, help="A limit.")]
MaxFalse = Annotated[
    float | None, typer.Option(min=0, help="A limit: flagged and known to be legitimate.")
]
MaxNew = Annotated[int | None, typer.Option(min=0, help="A limit.")]
MaxCards = Annotated[int | None, typer.Option(min=0, help="A limit: cards touched.")]
MinCaught = Annotated[
    float | None, typer.Option(min=0, max=1, help="A limit: share of the known frauds.")
]
Examples = Annotated[int, typer.Option(min=0, help="Examples shown each way.")]


def whatif(
    *,
    rules: Rules = None,
    activate: Activate = None,
    threshold: Threshold = None,
    model: Model = None,
    since: Since = None,
    to: To = None,
    max_alerts_per_day: MaxAlerts = None,
    max_false_positives: MaxFalse = None,
    max_newly_flagged: MaxNew = None,
    max_cards: MaxCards = None,
    min_frauds_caught: MinCaught = None,
    examples: Examples = 5,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Decide recorded transactions once more, as they were and as they would have been.

    Reads fraud.activity with its markers, fraud.models, fraud.outcomes and fraud.decisions; writes
    and commits nothing. Exit code 1 where a stated limit is broken, or where the decisions as
    recorded do not come out again.
    """
    from streams.whatif.limits import Limits  # noqa: PLC0415 - keeps `--help` quick

    change, span = asked(rules, tuple(activate or ()), threshold, model), spanned(since, to)
    limits = Limits(
        max_alerts_per_day, max_false_positives, max_newly_flagged, max_cards, min_frauds_caught
    )
    found = compare(reachable(bootstrap), change, model, span=span, limits=limits, most=examples)
    result(found, compared(found), as_json=as_json)
    if not found["ok"]:
        raise typer.Exit(1)


def compare(
    address: str, change: Change, model: str | None, *, span: Span, limits: Limits, most: int
) -> dict[str, Any]:
    """The diff over a cluster's log; raises ModelUnknown, NothingThere, RuleError."""
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick
    from streams.whatif.run import library, with_model  # noqa: PLC0415
    from streams.whatif.run import whatif as run  # noqa: PLC0415

    log = KafkaLog(address)
    published = library(log)
    if model is not None:
        with_model(change, log, published, model)
    return with_bars(
        HEADING,
        lambda told: run(
            log, published, change, span=span, limits=limits, examples=most, told=told
        ),
    )


def asked(
    rules: Path | None, activate: tuple[str, ...], threshold: float | None, model: str | None
) -> Change:
    """The change, a model aside; BadParameter (exit 2) where nothing would be different."""
    from streams.cli.rules_file import compiled  # noqa: PLC0415 - keeps `--help` quick
    from streams.whatif.change import Change  # noqa: PLC0415

    if rules is None and not activate and threshold is None and model is None:
        raise typer.BadParameter("expected --rules, --activate, --threshold or --model, got none")
    return Change(None if rules is None else compiled(rules), activate, threshold)


def spanned(since: str | None, to: str | None) -> Span:
    """The span; BadParameter (exit 2) names the option and what it expects."""
    from streams.history.moments import millis  # noqa: PLC0415 - keeps `--help` quick
    from streams.whatif.replay import Span  # noqa: PLC0415

    given: dict[str, int] = {}
    for option, field, text in (("--from", "start", since), ("--to", "end", to)):
        try:
            given |= {} if text is None else {field: millis(text)}
        except ValueError as error:
            raise typer.BadParameter(f"{option}: {error}") from error
    span = Span(**given)
    if span.start >= span.end:
        raise typer.BadParameter(f"expected --from before --to, got {since} and {to}")
    return span
