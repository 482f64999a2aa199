"""Rules: what each condition means, what the linter says, and that the shipped rules fire."""

import hashlib
import json
import math

import pytest

from models.features import FEATURES
from models.rules import ACTIONS, Hit, RuleError, Ruleset, baseline, compile_ruleset

NAMES = ("a", "b")
TRANSACTION = {
    "amount_minor": 52300,
    "currency": "EUR",
    "country": "NO",
    "mcc": None,
    "card_present": False,
    "terminal_id": "T9",
    "attributes": {"device_risk": 0.7, "broken": math.nan, "absent": None},
}


def ruleset(when: str, text: str = "fired", extra: str = "") -> Ruleset:
    source = (
        "name: t\nversion: 1\nrules:\n"
        f"  - {{code: RULE_A, title: A, action: REVIEW, when: {when}, text: {text!r}{extra}}}\n"
    )
    return compile_ruleset(source, names=NAMES, file="t.yaml")


def fires(when: str, row: list[float | None]) -> bool:
    return bool(ruleset(when).evaluate(row, TRANSACTION))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{feature: a, gt: 3}", False),
        ("{feature: a, ge: 3}", True),
        ("{feature: a, lt: 3}", False),
        ("{feature: a, le: 3}", True),
        ("{feature: a, eq: 3}", True),
        ("{feature: a, ne: 3}", False),
        ("{feature: a, gt: 2, lt: 4}", True),
        ("{feature: a, gt: 2, lt: 3}", False),
        ("{feature: a, in: [1, 3]}", True),
        ("{feature: a, not_in: [1, 3]}", False),
        ("{feature: a, times: 2, eq: 6}", True),
        ("{feature: a, lt: {feature: b}}", True),
        ("{feature: a, ge: {feature: b, times: 0.5}}", True),
        ("{ratio: [{feature: b}, {feature: a}], eq: 2}", True),
        ("{ratio: [{feature: b}, 0], gt: -1}", False),
        ("{ratio: [{feature: b}, 0], is_missing: true}", True),
        ("{field: amount_minor, ge: 50000}", True),
        ("{field: amount_minor, ge: {feature: a}}", True),
        ("{field: country, eq: 'NO'}", True),
        ("{field: country, not_in: [BE, LU]}", True),
        ("{field: mcc, not_in: ['5999']}", False),
        ("{field: mcc, ne: '5999'}", False),
        ("{field: mcc, is_missing: true}", True),
        ("{field: card_present, eq: false}", True),
        ("{attribute: device_risk, ge: 0.7}", True),
        ("{attribute: broken, ge: -1}", False),
        ("{attribute: broken, is_missing: true}", True),
        ("{attribute: unheard, is_missing: true}", True),
        ("{all: [{feature: a, eq: 3}, {feature: b, eq: 6}]}", True),
        ("{all: [{feature: a, eq: 3}, {feature: b, eq: 7}]}", False),
        ("{any: [{feature: a, eq: 0}, {feature: b, eq: 6}]}", True),
        ("{any: [{feature: a, eq: 0}, {feature: b, eq: 0}]}", False),
        ("{not: {feature: a, eq: 3}}", False),
    ],
)
def test_conditions(when: str, expected: bool) -> None:
    assert fires(when, [3.0, 6.0]) is expected


@pytest.mark.parametrize("test", ["gt: 0", "ge: 0", "lt: 9", "le: 9", "eq: 1", "ne: 1"])
def test_a_comparison_with_a_missing_value_is_false_on_either_side(test: str) -> None:
    assert not fires(f"{{feature: a, {test}}}", [None, 1.0])
    name = test.split(":", maxsplit=1)[0]
    assert not fires(f"{{feature: b, {name}: {{feature: a}}}}", [None, 1.0])
    assert not fires("{feature: a, not_in: [5]}", [None, 1.0])


def test_not_negates_the_result_of_a_missing_comparison() -> None:
    assert fires("{not: {feature: a, gt: 1}}", [None, 1.0])
    assert not fires("{feature: a, is_missing: false}", [None, 1.0])


def test_the_text_shows_values_and_says_what_is_missing() -> None:
    rules = ruleset(
        "{feature: a, gt: 0}",
        "{a:.0f} in 1 h, usually {usual:.1f}; {b}; {amount_minor:money} {{x}} {card_present} {mcc}",
        ", values: {usual: {feature: a, times: 0.1}}",
    )
    (hit,) = rules.evaluate([9.0, None], TRANSACTION)
    assert hit == Hit(
        "RULE_A", "9 in 1 h, usually 0.9; unknown; 523.00 EUR {x} false unknown", "REVIEW", False
    )


HOSTILE = ("'); raise SystemExit(", "k0", "__import__", "\\n", '"""', "{row}")


@pytest.mark.parametrize("word", HOSTILE)
def test_no_text_of_a_rule_is_ever_code(word: str) -> None:
    quoted = json.dumps(word)
    same, other = {"country": word, "attributes": {word: 1.0}}, {"country": "NO"}
    for when in (f"{{field: country, eq: {quoted}}}", f"{{field: country, in: [{quoted}]}}",
                 f"{{attribute: {quoted}, eq: 1}}"):  # fmt: skip
        assert [hit.code for hit in ruleset(when).evaluate([0.0, 0.0], same)] == ["RULE_A"]
        assert ruleset(when).evaluate([0.0, 0.0], other) == []


def test_the_deepest_rule_that_the_linter_lets_through() -> None:
    ratio = "{ratio: [" * 14 + "{feature: a}" + ", 2]}" * 14
    source = "{not: " * 16 + f"{{all: [{{any: [{{feature: a, gt: {ratio}}}]}}]}}" + "}" * 16
    with pytest.raises(RuleError, match="at most 16 deep"):
        ruleset(source)
    assert fires(source.replace("{not: ", "", 2).removesuffix("}}"), [3.0, 6.0])


def test_comparisons_within_a_rule_do_not_disturb_each_other() -> None:
    when = (
        "{any: [{all: [{feature: a, gt: {feature: b}}, {feature: b, gt: 0}]}, "
        "{not: {any: [{feature: a, ne: 3}, {feature: b, lt: {feature: a, times: 2}}]}}]}"
    )
    found = {(a, b): fires(when, [a, b]) for a in (None, 3.0, 9.0) for b in (None, 4.0, 6.0)}
    assert {pair for pair, fired in found.items() if fired} == {
        (9.0, 4.0), (9.0, 6.0), (3.0, 6.0), (3.0, None), (None, None), (None, 4.0), (None, 6.0),
    }  # fmt: skip


def test_money_follows_the_currency() -> None:
    rules = ruleset("{feature: a, gt: 0}", "{amount_minor:money}")
    yen = rules.evaluate([1.0, None], {**TRANSACTION, "currency": "JPY", "amount_minor": 1500})
    dinar = rules.evaluate([1.0, None], {**TRANSACTION, "currency": "KWD", "amount_minor": 1500})
    assert (yen[0].text, dinar[0].text) == ("1500 JPY", "1.500 KWD")


@pytest.mark.parametrize(
    ("when", "where", "expected"),
    [
        ("{feature: c, gt: 1}", "when.feature", "a feature of the set (a, b)"),
        ("{field: pan, gt: 1}", "when.field", "a field of the transaction"),
        ("{feature: a, gtt: 1}", "when.gtt", "one of all, any"),
        ("{feature: a}", "when", "with one or more of gt"),
        ("{gt: 1}", "when", "one of feature, field"),
        ("{feature: a, field: country, gt: 1}", "when", "exactly one of"),
        ("{feature: a, gt: 1e3}", "when.gt", "a number (write 1000.0"),
        ("{feature: a, gt: true}", "when.gt", "a number"),
        ("{feature: a, gt: .inf}", "when.gt", "a finite number"),
        ("{feature: a, in: 3}", "when.in", "a list"),
        ("{field: country, in: [NO]}", "when.in", "quote codes"),
        ("{field: country, gt: 'BE'}", "when.gt", "eq, ne, in or not_in for a text value"),
        ("{field: country, times: 2, eq: 'BE'}", "when.times", "a number to multiply"),
        ("{field: card_present, eq: 1}", "when.eq", "true or false"),
        ("{feature: a, gt: {field: country}}", "when.gt", "a number value"),
        ("{feature: a, is_missing: 1}", "when.is_missing", "true or false"),
        ("{ratio: [{feature: a}], gt: 1}", "when.ratio", "a list of two values"),
        ("{ratio: [{feature: a}, {field: country}], gt: 1}", "when.ratio", "two number values"),
        ("{all: []}", "when.all", "at least one condition"),
        ("{all: [{feature: a, gt: 1}, {feature: z, gt: 1}]}", "when.all[1].feature", "a feature"),
        ("{all: [{feature: a, gt: 1}], feature: a}", "when", "all, any or not alone"),
        ("[]", "when", "a mapping"),
        ("{not: " * 20 + "{feature: a, gt: 1}" + "}" * 20, "not", "nested at most 16"),
    ],
)
def test_lint_names_file_rule_field_and_what_was_expected(
    when: str, where: str, expected: str
) -> None:
    with pytest.raises(RuleError) as error:
        ruleset(when)
    message = str(error.value)
    assert message.startswith("t.yaml: rule RULE_A: ")
    assert f"{where}: expected" in message
    assert expected in message
    assert "Mend the rule" in message
    assert error.value.retriable is False


@pytest.mark.parametrize(
    "text",
    ["{c}", "{a.__class__}", "{a[0]}", "{a!r}", "{", "{}", "{a:zzz}", "{a:>999999999}", " ", "{0}"],
)
def test_a_text_is_a_template_and_not_a_program(text: str) -> None:
    with pytest.raises(RuleError, match="RULE_A: text"):
        ruleset("{feature: a, gt: 1}", text)


RULE = "{code: RULE_A, title: A, action: REVIEW, when: {feature: a, gt: 1}, text: x}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", "a mapping with name"),
        ("[", "expected YAML"),
        ("name: t\nname: u\nversion: 1\nrules: []", "the key 'name' stands twice"),
        ("name: T!\nversion: 1\nrules: []", "name: expected"),
        ("name: t\nversion: 0\nrules: []", "version: expected"),
        ("name: t\nversion: true\nrules: []", "version: expected"),
        ("name: t\nversion: 1", "rules: expected a value"),
        ("name: t\nversion: 1\nrules: {}", "a list of rules"),
        ("name: t\nversion: 1\nrules: []\nelse: 1", "else: expected one of"),
        (f"name: t\nversion: 1\nrules: [{RULE}, {RULE}]", "a code used once"),
        (f"name: t\nversion: 1\nrules: [{RULE.replace('RULE_A', 'rule')}]", "an UPPER_SNAKE code"),
        (f"name: t\nversion: 1\nrules: [{RULE.replace('RULE_A', 'MODEL_SCORE')}]", "MODEL_SCORE"),
        (f"name: t\nversion: 1\nrules: [{RULE.replace('REVIEW', 'BLOCK')}]", "NOTE, REVIEW, CHAL"),
        (f"name: t\nversion: 1\nrules: [&r {RULE}, *r]", "a YAML alias"),
        ("name: t\nversion: 1\nrules: [!!python/object:os.system {}]", "expected YAML"),
        ("x" * 300_000, "at most 262144 bytes"),
        ("[" * 2_000 + "]" * 2_000, "nested"),
    ],
)
def test_lint_of_the_file(source: str, expected: str) -> None:
    with pytest.raises(RuleError) as error:
        compile_ruleset(source, names=NAMES, file="t.yaml")
    assert str(error.value).startswith("t.yaml")
    assert expected in str(error.value)


def test_shadow_rules_are_evaluated_and_marked() -> None:
    (hit,) = ruleset("{feature: a, gt: 0}", extra=", mode: shadow").evaluate([1.0, None], {})
    assert hit.shadow


def test_a_ruleset_is_named_by_its_text() -> None:
    rules = ruleset("{feature: a, gt: 0}")
    assert rules.sha256 == hashlib.sha256(rules.yaml.encode()).hexdigest()
    assert rules.record() == {
        "name": "t", "version": 1, "yaml": rules.yaml, "sha256": rules.sha256
    }  # fmt: skip


QUIET = {"amount": 20.0, "card_max_30d": 30.0, "card_mean_30d": 25.0, "card_count_30d": 40.0,
         "card_amount_ratio_30d": 0.8, "card_terminal_seen_30d": 1.0,
         "card_seconds_since_last": 9e3}  # fmt: skip


def baseline_hits(**values: float | None) -> set[str]:
    known = {**dict.fromkeys(FEATURES.names, 0.0), **QUIET, **values}
    return {hit.code for hit in baseline().evaluate(list(known.values()), TRANSACTION)}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"card_amount_ratio_30d": None}, "INSUFFICIENT_HISTORY"),
        ({"card_count_10m": 5.0}, "CARD_VELOCITY_10M"),
        ({"card_count_1h": 6.0}, "CARD_VELOCITY_1H"),
        ({"card_terminals_1d": 10.0, "card_count_1d": 10.0}, "CARD_MANY_TERMINALS_1D"),
        ({"card_zscore_30d": 7.0, "card_amount_ratio_30d": 3.0}, "AMOUNT_FAR_ABOVE_OWN_MEAN"),
        ({"amount": 121.0}, "AMOUNT_FAR_ABOVE_OWN_MAX"),
        ({"card_sum_1d": 301.0, "card_count_1d": 12.0}, "SPENDING_BURST_1D"),
        (
            {"card_zscore_30d": 4.5, "card_amount_ratio_30d": 2.5, "card_terminal_seen_30d": 0.0},
            "NEW_TERMINAL_HIGH_AMOUNT",
        ),
        (
            {"terminal_known_frauds_30d": 3.0, "terminal_risk_known_30d": 0.2},
            "TERMINAL_KNOWN_FRAUDS",
        ),
        ({"terminal_fraud_run_30d": 5.0}, "TERMINAL_FRAUD_RUN"),
        ({"card_seconds_since_last": 2.0, "card_terminal_seen_30d": 0.0}, "CARD_BACK_TO_BACK"),
    ],
)
def test_each_shipped_rule_fires_alone(values: dict[str, float | None], code: str) -> None:
    assert baseline_hits() == set()
    assert baseline_hits(**values) == {code}


def test_a_new_card_fires_insufficient_history_alone() -> None:
    hits = baseline().evaluate([None] * len(FEATURES.names), TRANSACTION)
    assert [(hit.code, hit.action) for hit in hits] == [("INSUFFICIENT_HISTORY", "NOTE")]


def test_the_shipped_rules_use_known_actions() -> None:
    assert {rule.action for rule in baseline().rules} <= set(ACTIONS)
