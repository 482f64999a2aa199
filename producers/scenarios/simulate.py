"""A drifting world as files: the Handbook's two, the truth, and what changed when."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from producers.handbook_world import WorldSpec
from producers.scenarios.catalogue import DAYS, ONSET_DAY
from producers.scenarios.tables import Tables, tables
from producers.world_tables import write


@dataclass(frozen=True)
class Drifted:
    """What `simulate` wrote; `described` is the content of `scenario.json`.

    changed: transactions that the plain world has not, or not so; cards: theirs.
    """

    folder: Path
    files: tuple[str, ...]
    transactions: int
    frauds: int
    changed: int
    changed_frauds: int
    cards: int
    described: dict[str, Any]


def simulate(
    name: str,
    out: Path,
    *,
    days: int = DAYS,
    seed: int = 0,
    label_delay_days: int = 7,
    onset_day: int = ONSET_DAY,
    frauds_only: bool = False,
) -> Drifted:
    """Write a scenario's world of 5,000 cards into the folder `out`: see `written`.

    About 6 s of processor and 0.5 GB for 120 days. Raises as `tables` does.
    """
    spec = WorldSpec(days=days, seed=seed)
    made = tables(name, spec, onset_day=onset_day, label_delay_days=label_delay_days)
    return written(made, out, frauds_only=frauds_only)


def written(made: Tables, out: Path, *, frauds_only: bool = False) -> Drifted:
    """Write a drifting world into the folder `out`, made if needed.

    `transactions.parquet` and `labels.parquet` as the Handbook's, `truth.parquet`, `scenario.json`,
    and `columns.yaml` where there are attributes, which publishing and replaying the folder read.
    With `frauds_only` silence means legitimate: only what is fraud, or is called so, has a label.
    Each file appears whole or not at all.
    """
    labels = made.labels
    if frauds_only:
        labels = labels.filter((pl.col("label") == "FRAUD") | (pl.col("scenario") > 0))
    out.mkdir(parents=True, exist_ok=True)
    parts = {"transactions": made.transactions, "labels": labels, "truth": made.truth}
    for part, frame in parts.items():
        write(frame.lazy(), out / f"{part}.parquet")
    beside = _beside(made.described)
    for file, text in beside.items():
        _write_text(out / file, text)
    return _summary(out, (*(f"{part}.parquet" for part in parts), *beside), made)


def _beside(described: dict[str, Any]) -> dict[str, str]:
    texts = {"scenario.json": json.dumps(described, indent=2) + "\n"}
    if described["attributes"]:
        mapping = {"transactions": {"attributes": {n: n for n in described["attributes"]}}}
        texts["columns.yaml"] = yaml.safe_dump(mapping)
    return texts


def _write_text(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _summary(folder: Path, files: tuple[str, ...], made: Tables) -> Drifted:
    truth = made.truth
    touched = made.transactions.filter(truth["changed"])
    return Drifted(
        folder, files,
        transactions=len(truth),
        frauds=int(truth["fraud"].sum()),
        changed=len(touched),
        changed_frauds=int((truth["changed"] & truth["fraud"]).sum()),
        cards=touched["card_id"].n_unique(),
        described=made.described,
    )  # fmt: skip
