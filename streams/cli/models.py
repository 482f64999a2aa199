"""`fraud models`: what was published, what is in force, how versions differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import models_order, models_rebuild
from streams.cli.models_text import compared, described, table
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import example, result

if TYPE_CHECKING:
    from streams.history.log import Log
    from streams.history.versions import Version

MEASURES = ("average_precision", "auc_roc")

app = typer.Typer(
    help="The history of models: list, show, compare, promote, roll back, rebuild.",
    no_args_is_help=True,
)
models_order.register(app)
models_rebuild.register(app)


@app.command("list", epilog=example("fraud models list --model logistic"))
def list_versions(
    model: Annotated[str | None, typer.Option(help="Versions of this name alone.")] = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Every published version, in the order of publication, and which one is in force."""
    found = listed(log_at(bootstrap), model)
    result(found, table(found), as_json=as_json)


@app.command(epilog=example("fraud models show logistic@2000"))
def show(
    version: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION]", help="A version; without it the newest.")
    ],
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """A version's manifest, its prequential metrics, and what it is made of."""
    found = shown(log_at(bootstrap), version)
    result(found, described(found), as_json=as_json)


@app.command(epilog=example("fraud models diff logistic@2000 logistic@4000"))
def diff(
    one: Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="A version.")],
    other: Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="Another.")],
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """How one version differs from another: metrics, counts, and the largest weight changes."""
    found = differing(log_at(bootstrap), one, other)
    result(found, compared(found), as_json=as_json)


def log_at(bootstrap: str | None) -> Log:
    """The cluster's log."""
    from streams.history.log import KafkaLog  # noqa: PLC0415 - keeps `--help` quick

    return KafkaLog(reachable(bootstrap))


def listed(log: Log, model: str | None) -> dict[str, Any]:
    """What is in force, and the versions, of one name or all."""
    from streams.history.force import in_force, ref  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.versions import Versions  # noqa: PLC0415

    marker, versions = in_force(log), Versions(log)
    champion = None if marker is None else marker["model"]
    return {
        "in_force": ref(champion),
        "champion": None if champion is None else champion["name"],
        "threshold": None if marker is None else marker["threshold"],
        "reason": None if marker is None else marker["reason"],
        "versions": [
            row(one, champion) for one in (versions.all if model is None else versions.of(model))
        ],
    }


def shown(log: Log, version: str) -> dict[str, Any]:
    """A version's line, manifest and contents; raises ModelUnknown."""
    from streams.history.contents import contents  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.force import in_force  # noqa: PLC0415
    from streams.history.versions import Versions  # noqa: PLC0415

    versions, marker = Versions(log), in_force(log)
    one = versions.find(version)
    manifest = {name: value for name, value in one.manifest.items() if name not in ABSENT}
    held = contents(versions.snapshot(one)["payload"])
    return row(one, None if marker is None else marker["model"]) | manifest | {"contents": held}


def differing(log: Log, *texts: str) -> dict[str, Any]:
    """How the second of two versions differs from the first; raises ModelUnknown."""
    from streams.history.contents import changes, contents, difference  # noqa: PLC0415
    from streams.history.versions import Versions  # noqa: PLC0415 - keeps `--help` quick

    versions = Versions(log)
    one, other = (versions.find(text) for text in texts)
    held = [contents(versions.snapshot(version)["payload"]) for version in (one, other)]
    return {
        "one": one.ref,
        "other": other.ref,
        "same": one.manifest["sha256"] == other.manifest["sha256"],
        "metrics": changes(one.manifest["metrics"], other.manifest["metrics"]),
        "contents": difference(*held),
    }


ABSENT = ("part", "parts")  # how a payload travels says nothing about the model


def row(version: Version, model: Mapping[str, Any] | None) -> dict[str, Any]:
    """One version's line; `model` is the one in force."""
    from streams.history.force import ref  # noqa: PLC0415 - keeps `--help` quick
    from streams.history.moments import iso  # noqa: PLC0415

    metrics = version.manifest["metrics"]
    return {
        "name": version.manifest["name"],
        "version": version.number,
        "parent": version.manifest["parent"],
        "kind": version.manifest["kind"],
        "learned": int(metrics.get("learned", 0)),
        **{name: metrics.get(name) for name in MEASURES},
        "published": iso(version.published),
        "payload_bytes": version.payload_bytes,
        "in_force": ref(model) == version.ref,
        "champion": model is not None and model["name"] == version.manifest["name"],
    }
