"""`fraud models rebuild`: a model as it was, or as it would have been without some labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result
from streams.cli.progress_bar import Told, with_bars

if TYPE_CHECKING:
    from streams.history.rebuild import Rebuilt, Request

EXAMPLE = example("fraud models rebuild --as-of 4000 --without-labels source=ANALYST")
HEADING = "reading fraud.outcomes from its beginning"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLE)(rebuild)


AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME|OFFSET",
        help="The last offset of fraud.outcomes that counts, or a time of the log (when records "
        "were appended); default: all there is.",
    ),
]
LabelsAsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Learn each transaction once, with its last verdict observed by then (a label's "
        "observed_at), from the whole log.",
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILTER",
        help="Leave out labels that meet every term, such as "
        "source=ANALYST,observed_at>=2018-05-01; repeat for alternatives.",
    ),
]
Model = Annotated[
    str | None, typer.Option(help="A name; default: the model in force at that point.")
]
Out = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write the snapshot here, as on the log.")
]


def rebuild(
    *,
    as_of: AsOf = None,
    labels_as_of: LabelsAsOf = None,
    without_labels: Without = None,
    model: Model = None,
    out: Out = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Fold fraud.outcomes again, from its first record, into the model as it was.

    Without a filter each version must have the hash it was published with, or the exit code is 1.
    With one, terminal features that those labels fed are derived again from fraud.activity, as far
    as it still begins at its first record; scores stay as they were on record. A label of another
    source that only repeated a left-out verdict has no outcome of its own and does not replace it.
    """
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick

    request = asked(as_of, labels_as_of, without_labels or [], model)
    log = KafkaLog(reachable(bootstrap))
    if out is not None:  # what cannot be written is said before the log is folded
        out.parent.mkdir(parents=True, exist_ok=True)
    rebuilt = with_bars(HEADING, lambda told: _rebuild(log, request, told))
    found = report(request, rebuilt)
    if out is not None:
        write(out, rebuilt)
    result(found | {"out": None if out is None else str(out)}, text(found), as_json=as_json)
    if found["equals"] is False:
        raise typer.Exit(1)


def asked(
    as_of: str | None, labels_as_of: str | None, without: list[str], model: str | None
) -> Request:
    """The request; BadParameter (exit 2) names the option and what it expects."""
    from streams.history.left_out import LeftOut  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.moments import millis, point  # noqa: PLC0415
    from streams.history.rebuild import Request  # noqa: PLC0415

    offset, at = (None, None) if as_of is None else _parsed("--as-of", lambda: point(as_of))
    known = (
        None if labels_as_of is None else _parsed("--labels-as-of", lambda: millis(labels_as_of))
    )
    left_out = _parsed("--without-labels", lambda: LeftOut.parse(without))
    return Request(offset, at, known, left_out, model)


def _parsed(option: str, parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from error


def _rebuild(log: Any, request: Request, told: Told) -> Rebuilt:
    from streams.history.rebuild import rebuild as run  # noqa: PLC0415 - keeps `--help` quick

    return run(log, request, told)


def report(request: Request, rebuilt: Rebuilt) -> dict[str, Any]:
    """The JSON object; `equals` is null where labels were changed: nothing has to be equal."""
    snapshot = rebuilt.snapshot
    corrected = rebuilt.decisions_corrected
    return {
        "model": f"{snapshot['name']}@{snapshot['version']}",
        "sha256": snapshot["sha256"],
        "published_sha256": rebuilt.published_sha256,
        "equals": rebuilt.equals if request.as_it_was else None,
        "comparable": rebuilt.comparable,
        "last_offset": rebuilt.stop - 1,
        **rebuilt.counts,
        "versions_equal": len(rebuilt.equal),
        "versions_differing": rebuilt.differing,
        "versions_missing": rebuilt.missing,
        "versions_unpublished": rebuilt.unpublished,
        "features": "as scored" if corrected is None else "derived again",
        "decisions_corrected": corrected or 0,
        "metrics": snapshot["metrics"],
    }


def text(found: dict[str, Any]) -> str:
    """What came out, in two lines or three."""
    head = (
        f"{found['model']} from {found['outcomes']:,} outcomes and {found['commands']:,} commands "
        f"up to offset {found['last_offset']}: sha256 {found['sha256']}"
    )
    return "\n".join([head, *_verdict(found)])


def _verdict(found: dict[str, Any]) -> list[str]:
    if found["equals"] is None:
        derived = f"features {found['features']} ({found['decisions_corrected']:,} decisions)"
        same = {found["sha256"]: "as published", None: "never published"}
        how = same.get(found["published_sha256"], "other than published")
        said = [f"{found['left_out']:,} labels left out, {derived}; {how}"]
        if found["refused"]:
            said.append(
                f"{found['refused']:,} commands or records refused: a promotion names a version "
                "that this fold did not make; --model chooses a model by its name"
            )
        return said
    if found["equals"]:
        return [f"equals model {found['model']}, and all {found['versions_equal']} versions so far"]
    lines = [f"DIFFERS from what was published: {', '.join(found['versions_differing']) or 'none'}"]
    if found["versions_missing"]:
        lines.append(f"not made again: {', '.join(found['versions_missing'])}")
    if not found["comparable"]:
        lines.append("another River or platform published these: hashes are not comparable")
    return lines


def write(out: Path, rebuilt: Rebuilt) -> None:
    """The snapshot as one record of fraud.models."""
    from streams.wire import codec  # noqa: PLC0415 - keeps `--help` quick

    out.write_bytes(codec.encode("model_snapshot", rebuilt.snapshot))
