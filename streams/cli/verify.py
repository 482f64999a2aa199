"""`fraud verify`: every recorded decision derived again from the log, and compared."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result
from streams.cli.progress_bar import Told, with_bars

if TYPE_CHECKING:
    from streams.history.log import Log
    from streams.verify.log import Request, Verified

EXAMPLE = example("fraud verify --from 2018-06-01 --to 2018-06-02 --json")
POINT = "TIME|OFFSET"
HEADING = "reading fraud.decisions, then folding fraud.activity from its start"

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar=POINT,
        help="Compare decisions of records of fraud.activity from here on: an offset of each "
        "partition, or a time of the log (when records were appended); default: the first.",
    ),
]
To = Annotated[
    str | None, typer.Option("--to", metavar=POINT, help="And before here; default: all there is.")
]
Models = Annotated[
    bool,
    typer.Option("--models", help="Fold fraud.outcomes as well: each version must have its hash."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLE)(verify)


def verify(
    *,
    start: From = None,
    stop: To = None,
    models: Models = False,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Derive every decision again from the log, and compare it with the one on record.

    Whatever the range, the log is folded from its first record: a decision depends on all before
    it. Exit code 1 where a decision differs, is missing, or should not be there.
    """
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick
    from streams.verify.delivered import Delivered  # noqa: PLC0415

    request = asked(start, stop)
    address = reachable(bootstrap)
    log, started = KafkaLog(address), time.monotonic()
    with closing(Delivered(address)) as delivered:
        verified = with_bars(HEADING, lambda told: _verify(log, request, delivered, told))
    found = report(verified, time.monotonic() - started)
    if models:
        found["models"] = rederived_models(log)
    result(found, text(found, verified), as_json=as_json)
    if found["mismatches"] or not found.get("models", {}).get("equals", True):
        raise typer.Exit(1)


def asked(start: str | None, stop: str | None) -> Request:
    """The range; BadParameter (exit 2) names the option and what it expects."""
    from streams.history.moments import point  # noqa: PLC0415 - keeps `--help` quick
    from streams.verify.log import Request  # noqa: PLC0415

    found = []
    for option, given in (("--from", start), ("--to", stop)):
        try:
            found.append(None if given is None else point(given))
        except ValueError as error:
            raise typer.BadParameter(f"{option}: {error}") from error
    return Request(*found)


def _verify(log: Log, request: Request, delivered: Any, told: Told) -> Verified:
    from streams.verify.log import verify as run  # noqa: PLC0415 - keeps `--help` quick

    return run(log, request, decided=delivered, told=told)


def report(verified: Verified, seconds: float) -> dict[str, Any]:
    """The JSON object; `first` is null where nothing differs."""
    return {
        "checked": verified.checked,
        "mismatches": verified.mismatches,
        "first": None if verified.first is None else verified.first.data(),
        "repeats": verified.repeats,
        "waiting": verified.waiting,
        "seconds": round(seconds, 3),
        "decisions_per_second": round(verified.checked / seconds, 1) if seconds > 0 else 0.0,
    }


def rederived_models(log: Log, **how: Any) -> dict[str, Any]:
    """Whether every published version comes out of the fold again; none published: nothing to.

    `how` as in `streams.history.rebuild.rebuild`.
    """
    from streams.history.rebuild import Request, rebuild  # noqa: PLC0415 - River is slow to import
    from streams.history.versions import Versions  # noqa: PLC0415

    if not Versions(log).all:
        return {"equals": True, "equal": 0, "differing": [], "missing": []}
    rebuilt = rebuild(log, Request(), **how)
    return {
        "equals": not rebuilt.differing and not rebuilt.missing,
        "equal": len(rebuilt.equal),
        "differing": rebuilt.differing,
        "missing": rebuilt.missing,
    }


def text(found: dict[str, Any], verified: Verified) -> str:
    """What came out, and both sides of the first difference."""
    lines = [
        f"{found['checked']:,} decisions checked in {found['seconds']:.1f} s "
        f"({found['decisions_per_second']:,.0f}/s): {found['mismatches']:,} mismatches",
    ]
    if found["repeats"]:
        lines.append(f"{found['repeats']:,} records repeat a decision, byte for byte")
    if found["waiting"]:
        lines.append(f"{found['waiting']:,} are not decided yet by the worker")
    if "models" in found:
        lines.append(_models_line(found["models"]))
    if verified.first is not None:
        lines.append(f"first: {verified.first}")
    return "\n".join(lines)


def _models_line(models: dict[str, Any]) -> str:
    odd = [*models["differing"], *models["missing"]]
    return f"{models['equal']:,} model versions equal" + (f", NOT {', '.join(odd)}" if odd else "")
