"""`fraud profile`: what was planted in a file is found, and nothing else."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from streams.profile.page import page
from streams.profile.report import ProfileRequest, profile
from streams.profile.words import text
from streams.settings import Settings

DAY = 86_400_000
START = 1_700_000_000_000
NOW = START + 100 * DAY
Row = dict[str, Any]


def honest(many: int = 2_000, days: int = 60) -> list[Row]:
    rng = random.Random(1)
    times = sorted(START + rng.randrange(days * DAY) for _ in range(many))
    return [
        {
            "transaction_id": f"t{n}", "card_id": f"c{n % 50}", "terminal_id": f"m{n % 20}",
            "event_time": at, "amount_minor": rng.randrange(1_000, 10_000), "currency": "EUR",
        }
        for n, at in enumerate(times)
    ]  # fmt: skip


def label(of: Row, verdict: str, days: float, source: str = "ISSUER") -> Row:
    at = of["event_time"] + round(days * DAY)
    return {
        "label_id": f"{of['transaction_id']}/{verdict}/{source}",
        "transaction_id": of["transaction_id"], "card_id": of["card_id"], "label": verdict,
        "source": source, "event_time": of["event_time"], "observed_at": at,
    }  # fmt: skip


def profiled(tmp_path: Path, rows: list[Row], labels: list[Row] | None = None) -> Row:
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "transactions.parquet")
    if labels is not None:
        pl.DataFrame(labels).write_parquet(tmp_path / "labels.parquet")
    found = profile(ProfileRequest(tmp_path, NOW))
    json.dumps(found, allow_nan=False)  # plain data
    assert text(found)
    assert page(found).startswith("<!doctype html>")
    return found


def test_nothing_is_wrong_with_an_honest_file(tmp_path: Path) -> None:
    found = profiled(tmp_path, honest())
    assert found["rows"] == 2_000
    assert found["period"]["days"] == pytest.approx(60, abs=0.2)
    assert found["duplicates"] == {
        "same_content": 0, "other_content": 0, "conflicting_ids": 0, "examples": [],
    }  # fmt: skip
    assert found["unknown_currencies"] == {}
    assert found["times"]["out_of_order"] == found["times"]["future"] == 0
    assert found["amounts"][0]["outliers"] == 0
    assert (found["cards"]["count"], found["terminals"]["count"]) == (50, 20)
    assert found["labels"] is None
    assert all(week["fraud_rate"] is None for week in found["by_week"])
    assert sum(week["transactions"] for week in found["by_week"]) == 2_000


def test_repeats_and_conflicts(tmp_path: Path) -> None:
    rows = honest()
    rows += [rows[5], rows[5] | {"arrival": NOW}, rows[7] | {"amount_minor": 1}]
    found = profiled(tmp_path, rows)["duplicates"]
    assert (found["same_content"], found["other_content"]) == (2, 1)
    assert (found["conflicting_ids"], found["examples"]) == (1, ["t7"])


def test_outliers_by_currency(tmp_path: Path) -> None:
    rows = honest()
    yen = [
        row
        | {"transaction_id": f"y{n}", "currency": "JPY", "amount_minor": row["amount_minor"] * 200}
        for n, row in enumerate(rows)
    ]
    rows[3]["amount_minor"] = 90_000_000
    found = profiled(tmp_path, rows + yen)["amounts"]
    assert {one["currency"]: one["outliers"] for one in found} == {"EUR": 1, "JPY": 0}
    euro = next(one for one in found if one["currency"] == "EUR")
    assert euro["examples"] == [
        {"transaction_id": "t3", "card_id": rows[3]["card_id"], "amount_minor": 90_000_000}
    ]


def test_equal_amounts_have_no_fence(tmp_path: Path) -> None:
    rows = [row | {"amount_minor": 500} for row in honest(100)]
    rows[0]["amount_minor"] = 9
    one = profiled(tmp_path, rows)["amounts"][0]
    assert (one["fence_high"], one["outliers"]) == (None, 0)


def test_times_out_of_order_and_from_the_future(tmp_path: Path) -> None:
    rows = honest()
    late = [
        rows[0] | {"transaction_id": "late", "event_time": rows[-1]["event_time"] - DAY},
        rows[0] | {"transaction_id": "too", "event_time": rows[-1]["event_time"] - 3 * DAY},
    ]
    ahead = rows[0] | {"transaction_id": "ahead", "event_time": NOW + 10 * 60_000}
    found = profiled(tmp_path, [*rows[:5], ahead, *rows[5:], *late])["times"]
    assert (found["out_of_order"], found["too_late"], found["future"]) == (2, 1, 1)
    assert found["furthest_back_ms"] == 3 * DAY


def test_unknown_currencies_missing_values_and_card_numbers(tmp_path: Path) -> None:
    rows = honest(50)
    rows[0]["currency"], rows[1]["currency"], rows[2]["card_id"] = "BTC", None, "4111111111111111"
    rows[2]["amount_minor"] = 10**9
    found = profiled(tmp_path, rows)
    assert found["unknown_currencies"] == {"BTC": 1}
    assert found["amounts"][0]["examples"][0]["card_id"] == "************1111"
    columns = {column["name"]: column for column in found["columns"]}
    assert columns["currency"]["missing"] == 1
    assert columns["card_id"]["pan_shaped"] == 1
    assert "4111111111111111" not in json.dumps(found) + page(found) + text(found)


def test_labels(tmp_path: Path) -> None:
    rows = honest()
    labels = [
        label(row, "FRAUD" if n % 10 == 0 else "LEGITIMATE", 7.0) for n, row in enumerate(rows)
    ]
    gone = honest(1)[0] | {"transaction_id": "gone"}
    labels += [
        label(rows[0], "LEGITIMATE", 9.0, "ANALYST"),
        label(gone, "FRAUD", 1.0),
        label(rows[3], "INCONCLUSIVE", 1.0, "CUSTOMER"),
    ]
    found = profiled(tmp_path, rows, labels)
    assert found["labels"]["without_transaction_examples"] == ["gone"]
    assert found["labels"]["disagreeing"] == {
        "transactions": 1, "sources": {"ANALYST / ISSUER": 1}, "examples": ["t0"],
    }  # fmt: skip
    issuer = next(one for one in found["labels"]["sources"] if one["source"] == "ISSUER")
    assert issuer["delay_days"]["0.5"] == issuer["fraud_delay_days"]["max"] == 7.0
    assert sum(week["frauds"] for week in found["by_week"]) == 199  # the analyst cleared t0
    assert found["by_week"][2]["fraud_rate"] == pytest.approx(0.1, abs=0.01)
    curve = {one["day"]: one["share"] for one in found["labels"]["labelled_by_day"]}
    assert (curve[6], curve[7]) == (0.0, 1.0)
    assert found["labels"]["maturity"]["days"] == 7
    (caution,) = found["labels"]["maturity"]["cautions"]
    assert "after exactly 7 days: a constant" in caution
    assert found["labels"]["label_days"] == {"ISSUER": [7.0, 7.0]}
    assert Settings(label_days=found["labels"]["label_days"]).maturity().maturity_ms == 7 * DAY


def test_a_superseded_verdict_does_not_stand(tmp_path: Path) -> None:
    rows = honest()
    first = label(rows[0], "FRAUD", 9.0) | {"supersedes": None}
    right = label(rows[0], "LEGITIMATE", 3.0) | {"supersedes": first["label_id"]}
    found = profiled(tmp_path, rows, [first, right])
    assert sum(week["frauds"] for week in found["by_week"]) == 0


def test_of_verdicts_observed_together_the_more_trusted_stands(tmp_path: Path) -> None:
    rows = honest(100)
    said = [label(rows[0], "FRAUD", 1.0, "ISSUER"), label(rows[0], "LEGITIMATE", 1.0, "ANALYST")]
    for labels in (said, said[::-1]):
        weeks = profiled(tmp_path, rows, labels)["by_week"]
        assert sum(week["frauds"] for week in weeks) == 1


def test_what_the_stream_refuses_is_said_in_words(tmp_path: Path) -> None:
    rows = honest(100)
    rows[3] |= {"amount_minor": -5}
    rows[4] |= {"currency": "ZZZ"}
    said = text(profiled(tmp_path, rows))
    assert "1 amounts below zero (refused by the stream)" in said
    assert "not in ISO 4217 (refused by the stream): ZZZ (1)" in said


def test_the_end_of_the_file_calls_for_caution(tmp_path: Path) -> None:
    rng, rows = random.Random(2), honest(20_000)
    end = rows[-1]["event_time"]
    frauds = [label(row, "FRAUD", rng.expovariate(1 / 15)) for row in rows[::2]]
    found = profiled(tmp_path, rows, [one for one in frauds if one["observed_at"] <= end])
    maturity = found["labels"]["maturity"]
    assert maturity["corrected_quantile"] > 1.1 * maturity["seen_quantile"]
    assert any("before all labels came" in caution for caution in maturity["cautions"])
    assert any("cannot be seen" in caution for caution in maturity["cautions"])
    assert all(0 < week["fraud_rate"] < 0.6 for week in found["by_week"] if week["frauds"])


def test_few_frauds_call_for_caution(tmp_path: Path) -> None:
    rows = honest()
    maturity = profiled(tmp_path, rows, [label(rows[0], "FRAUD", 2.0)])["labels"]["maturity"]
    assert any("guess" in caution for caution in maturity["cautions"])


def test_no_fraud_suggests_nothing(tmp_path: Path) -> None:
    rows = honest()
    found = profiled(tmp_path, rows, [label(rows[0], "LEGITIMATE", 2.0)])
    labels = found["labels"]
    assert labels["maturity"]["days"] is None
    assert "no fraud label" in labels["maturity"]["reason"]
    assert "FRAUD_LABEL_DAYS" not in page(found) + text(found), "a worker refuses an empty one"


def test_labels_before_their_transaction_are_said_in_words(tmp_path: Path) -> None:
    rows = honest()
    found = profiled(tmp_path, rows, [label(rows[50], "FRAUD", -1.0), label(rows[0], "FRAUD", 2.0)])
    assert "1 labels observed before their transaction" in text(found)


def test_the_page_has_its_pictures(tmp_path: Path) -> None:
    rows = honest()
    rows[0]["card_id"] = "<script>alert(1)</script>"
    rows[0]["amount_minor"] = 10**9
    found = profiled(tmp_path, rows, [label(row, "FRAUD", 7.0) for row in rows])
    html = page(found)
    assert html.count("<svg") == 5  # volume, rate, amounts, delays, labelled by day
    assert "http" not in html
    assert "<script>" not in html


def test_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "none.csv"
    file.write_text("transaction_id,card_id,terminal_id,event_time,amount_minor,currency\n")
    found = profile(ProfileRequest(file, NOW))
    assert (found["rows"], found["labels"]) == (0, None)
    assert text(found).endswith("no rows")
    assert "<svg" not in page(found)


def test_a_file_of_garbage_is_described(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    head = "transaction_id,card_id,terminal_id,event_time,amount_minor,currency,label,observed_at\n"
    file.write_text(head + ",,,soon,much,,perhaps,never\n" * 3)
    mapping = tmp_path / "columns.yaml"
    mapping.write_text("transactions: {}\nlabels: {}\n")
    found = profile(ProfileRequest(file, NOW, mapping))
    json.dumps(found, allow_nan=False)
    columns = {column["name"]: column for column in found["columns"]}
    assert (columns["card_id"]["missing"], columns["event_time"]["unreadable"]) == (3, 3)
    assert found["labels"]["count"] == found["labels"]["without_transaction"] == 3
    assert found["by_week"] == []
    assert text(found)
    assert page(found)
