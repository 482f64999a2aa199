"""The first hour of a data scientist: init, profile, replay with a model of one's own, features."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from models.features import FEATURES
from models.rules import compile_ruleset
from producers.mapping import FileMapping
from producers.source import Source
from streams.starter import model
from tests.unit.cli.running import Fraud

ROOT = Path(__file__).parents[3]
HANDBOOK = (
    "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_FRAUD,"
    "TX_FRAUD_SCENARIO\n"
)
SPARKOV = (
    ",trans_date_trans_time,cc_num,merchant,category,amt,lat,trans_num,unix_time,is_fraud\n"
    '0,2019-01-01 00:00:18,4111111111111111,"fraud_Kub, Mann",misc_net,4.97,36.07,0b242abb62,'
    "1325376018,0\n"
)
PAYSIM = (
    "step;type;amount;nameOrig;oldbalanceOrg;nameDest;isFraud\n"
    "1;PAYMENT;9839.645;C1231006815;170136.0;M1979787155;0\n"
)


def payments(folder: Path, many: int = 400) -> Path:
    """A CSV file in the Handbook's own columns, a tenth of it large and fraud, over 40 days."""
    rng, start = random.Random(1), datetime(2018, 4, 1, tzinfo=UTC)
    lines = [HANDBOOK]
    for number, minutes in enumerate(sorted(rng.randrange(40 * 1_440) for _ in range(many))):
        fraud = rng.random() < 0.1
        at = start + timedelta(minutes=minutes)
        amount = rng.randrange(100, 9_000) * (8 if fraud else 1) / 100
        lines.append(
            f"{number},{at:%Y-%m-%d %H:%M:%S},{rng.randrange(30)},{rng.randrange(9)},{amount:.2f},"
            f"{minutes * 60},{int(fraud)},{int(fraud)}\n"
        )
    file = folder / "payments.csv"
    file.write_text("".join(lines))
    return file


def started(fraud: Fraud, sample: Path, folder: str = "mine") -> dict[str, Any]:
    ran = fraud("init", folder, "--from", sample, "--json")
    assert ran.code == 0, ran.err
    return ran.json


def test_every_command_that_init_names_runs(fraud: Fraud, tmp_path: Path) -> None:
    """As from a shell: `fraud` is a script elsewhere, the working folder is not on its path."""
    made = started(fraud, payments(tmp_path))
    assert len(made["next"]) == 3
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-P", "-c", "from streams.cli import main; main()"]
    for command in made["next"]:
        words = [*run, *shlex.split(command)[1:], "--json"]
        done = subprocess.run(
            words, cwd="mine", env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)
    scores = pl.read_parquet("mine/report/scores.parquet")
    features = pl.read_parquet("mine/X.parquet")
    assert {"rules", "logistic", "model:make"} <= set(scores.columns)
    assert scores["transaction_id"].to_list() == features["transaction_id"].to_list()
    assert features["label"].sum() == scores["fraud"].sum() > 20
    assert Path("mine/profile/profile.html").is_file()


def test_the_readme_says_what_the_command_says(fraud: Fraud, tmp_path: Path) -> None:
    made = started(fraud, payments(tmp_path))
    readme = Path("mine/README.md").read_text()
    assert "\n".join(made["next"]) in readme
    assert [Path(file).name for file in made["files"]] == sorted(
        (path.name for path in Path("mine").iterdir()),
        key=["columns.yaml", "features.yaml", "rules.yaml", "model.py", "README.md"].index,
    )


def test_the_mapping_reads_the_file(fraud: Fraud, tmp_path: Path) -> None:
    sample = payments(tmp_path)
    started(fraud, sample)
    arrivals = list(Source.open(sample, Path("mine/columns.yaml")).arrivals())
    assert [a.event for a in arrivals].count("transaction") == 400
    assert [a.event for a in arrivals].count("label") == 400
    first = next(a.record for a in arrivals if a.event == "transaction")
    assert (first["transaction_id"], first["currency"]) == ("0", "EUR")


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        (
            SPARKOV,
            {"transaction_id": "trans_num", "card_id": "cc_num", "terminal_id": "merchant",
             "event_time": "trans_date_trans_time", "amount": "amt"},
            "LOOKS LIKE CARD NUMBERS",
        ),
        (
            PAYSIM,
            {"card_id": "nameOrig", "terminal_id": "nameDest", "event_time": "step",
             "amount": "amount"},
            "# transaction_id: ???  # REQUIRED",
        ),
    ],
)  # fmt: skip
def test_guesses_for_files_of_others(
    fraud: Fraud, tmp_path: Path, content: str, columns: dict[str, str], said: str
) -> None:
    sample = tmp_path / "theirs.csv"
    sample.write_text(content)
    started(fraud, sample)
    written = Path("mine/columns.yaml").read_text()
    mapping = FileMapping.load(Path("mine/columns.yaml"))
    assert mapping.transactions.columns == columns
    assert mapping.labels is not None
    assert mapping.labels.columns["label"] in ("is_fraud", "isFraud")
    assert said in written
    assert "4111111111111111" not in written
    assert mapping.transactions.attributes == {}  # signals are offered, not taken


def test_values_say_unit_rounding_and_delimiter(fraud: Fraud, tmp_path: Path) -> None:
    sample = tmp_path / "theirs.csv"
    sample.write_text(PAYSIM)
    started(fraud, sample)
    mapping = FileMapping.load(Path("mine/columns.yaml"))
    assert mapping.labels is not None
    for one in (mapping.transactions, mapping.labels):
        assert (one.time_unit, one.delimiter) == ("s", ";")
    assert mapping.transactions.round_amounts
    assert "not seconds since 1970?" in Path("mine/columns.yaml").read_text()


def test_our_own_columns_map_to_themselves(fraud: Fraud, tmp_path: Path) -> None:
    sample = tmp_path / "ours.parquet"
    row = {"transaction_id": ["t"], "card_id": ["c"], "terminal_id": ["m"], "event_time": [10**12],
           "amount_minor": [5], "currency": ["EUR"], "mcc": ["5411"]}  # fmt: skip
    pl.DataFrame(row).write_parquet(sample)
    started(fraud, sample)
    mapping = FileMapping.load(Path("mine/columns.yaml"))
    assert mapping.transactions.columns == {name: name for name in row}
    assert (mapping.labels, mapping.transactions.constants) == (None, {})


def test_a_file_of_labels_beside_the_transactions_is_used(fraud: Fraud, tmp_path: Path) -> None:
    """As `fraud simulate` and the loaders leave them: two files of a folder."""
    row = {"transaction_id": ["t"], "card_id": ["c"], "terminal_id": ["m"], "event_time": [10**12],
           "amount_minor": [5], "currency": ["EUR"]}  # fmt: skip
    pl.DataFrame(row).write_parquet(tmp_path / "transactions.parquet")
    assert not any("--labels" in line for line in started(fraud, tmp_path / "transactions.parquet",
                                                          "alone")["next"])  # fmt: skip
    pl.DataFrame({"transaction_id": ["t"]}).write_parquet(tmp_path / "labels.parquet")
    made = started(fraud, tmp_path / "transactions.parquet")
    for line in made["next"]:
        words = shlex.split(line)
        found = Path("mine", words[words.index("--labels") + 1])
        assert found.resolve() == (tmp_path / "labels.parquet").resolve()


def test_odd_names_and_values_do_not_break_the_mapping(fraud: Fraud, tmp_path: Path) -> None:
    sample = tmp_path / "odd.csv"
    sample.write_text(
        'TX_ID,card,terminal,time,amount,"odd\nname","class\U0001f600"\n'
        '"a\x07b\u2028c",c,m,2020-01-01,1.0,x,1\n'
    )
    started(fraud, sample)
    mapping = FileMapping.load(Path("mine/columns.yaml"))
    assert mapping.transactions.columns["transaction_id"] == "TX_ID"
    assert "# not used: odd name" in Path("mine/columns.yaml").read_text()


def test_a_misspelt_feature_is_named(fraud: Fraud, monkeypatch: pytest.MonkeyPatch) -> None:
    fraud("init")
    Path("features.yaml").write_text("features:\n  - hours\n")
    monkeypatch.setattr(model, "__file__", str(Path("model.py").resolve()))
    with pytest.raises(ValueError, match="no such features: hours"):
        model.make(("amount", "hour"), 0)


def test_features_and_rules_are_those_that_ship(fraud: Fraud) -> None:
    assert fraud("init").code == 0
    chosen = yaml.safe_load(Path("features.yaml").read_text())["features"]
    assert chosen == list(FEATURES.names)
    rules = compile_ruleset(Path("rules.yaml").read_text())
    assert rules.name == "mine"
    assert len(rules.rules) > 5
    assert FileMapping.load(Path("columns.yaml")) == FileMapping()


def test_nothing_is_overwritten(fraud: Fraud) -> None:
    Path("rules.yaml").write_text("mine")
    ran = fraud("init", ".", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "rules.yaml" in ran.err
    assert "WOULD_OVERWRITE" in ran.err
    assert [path.name for path in Path().iterdir()] == ["rules.yaml"]


def test_a_model_may_choose_its_features(fraud: Fraud, monkeypatch: pytest.MonkeyPatch) -> None:
    fraud("init")
    Path("features.yaml").write_text("features:\n  - hour\n")
    monkeypatch.setattr(model, "__file__", str(Path("model.py").resolve()))
    mine = model.make(("amount", "hour"), 0)
    assert mine.inputs([5.0, 0.0]) == {"hour": 0.0}
    assert mine.inputs([5.0, None]) == {}
    before = mine.score([5.0, 3.0])
    for _ in range(50):
        mine.learn([5.0, 3.0], True, 1.0)
        mine.learn([5.0, -3.0], False, 1.0)
    assert mine.score([5.0, 3.0]) > before
    assert mine.score_many([[5.0, 3.0]]) == [mine.score([5.0, 3.0])]


def test_profile_prints_words_or_one_object(fraud: Fraud, tmp_path: Path) -> None:
    sample = payments(tmp_path)
    started(fraud, sample)
    ran = fraud("profile", sample, "--mapping", "mine/columns.yaml")
    assert ran.code == 0
    assert ran.out.startswith("400 transactions")
    assert "suggested maturity: 7 days" in ran.out
    found = fraud("profile", sample, "--mapping", "mine/columns.yaml", "--out", "p", "--json").json
    assert found["out"] == ["p/profile.html", "p/profile.json"]
    kept = json.loads(Path("p/profile.json").read_text())
    assert kept == {name: value for name, value in found.items() if name in kept}


def test_features_prints_what_it_wrote(fraud: Fraud, tmp_path: Path) -> None:
    sample = payments(tmp_path)
    started(fraud, sample)
    mapping = ("--mapping", "mine/columns.yaml")
    ran = fraud("features", sample, *mapping, "--out", "X.parquet", "--json")
    assert ran.json["rows"] == ran.json["counts"]["transactions"] == 400
    assert (ran.json["features"], ran.json["feature_spec"]) == (48, FEATURES.spec_hash)
    text = fraud("features", sample, *mapping, "--out", "X.parquet", "--label-delay-days", 3).out
    assert text.startswith("400 rows of 48 features, 0 transactions left out")
    table = pl.read_parquet("X.parquet")
    assert (table["label_observed_at"] - table["event_time"]).unique().to_list() == [3 * 86_400_000]


@pytest.mark.parametrize("command", [("profile",), ("features", "--out", "X.parquet")])
def test_a_file_that_needs_a_mapping_says_so(
    fraud: Fraud, tmp_path: Path, command: tuple[str, ...]
) -> None:
    ran = fraud(command[0], payments(tmp_path), *command[1:])
    assert ran.code == 1
    assert "FILE_INVALID" in ran.err
    assert "`fraud init --from FILE` guesses one" in ran.err
    assert ran.err.count("\n") == 1
