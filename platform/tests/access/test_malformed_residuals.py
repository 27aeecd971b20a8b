"""Residuals of a form that Cedar is not known to leave: each is refused, or its filter is true or false on every row."""

import copy
import json
import random

import polars as pl
import row_policies as generated

from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.row_filters.filter_compiler import PartialResult, compile_residuals
from bankmesh.access.row_filters.filter_translation import filter_expression

FOREIGN = [
    None,
    1,
    "text",
    [],
    {},
    {"Value": None},
    {"Value": 1.5},
    {"Value": 2**63},
    {"Value": "\ud800"},
    {"Value": [1, [2]]},
    {"Value": ["a", 1]},
    {"Value": {"__entity": {"type": "A", "id": "b"}}},
    {"Value": {"__extn": {"fn": "decimal", "arg": "1.0"}}},
    {"Record": {}},
    {"unknown": [{"Value": "other"}]},
    {"Var": "principal"},
    {"Slot": "?resource"},
    {"frobnicate": {"left": {"Value": 1}, "right": {"Value": 2}}},
    {"isInRange": [{"Value": "x"}]},
    {"Set": [{"Set": []}]},
    {"decimal": [{"Value": "9" * 30 + ".0"}]},
    {"datetime": []},
    {"offset": [{"Value": 1}]},
    {"if-then-else": {}},
]


def places_in(node, above=()):
    """Yield the path to each part of a condition, the condition itself left out."""
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in parts:
        yield (*above, key)
        yield from places_in(part, (*above, key))


def with_foreign_part(condition, source: random.Random):
    """Return the condition with something else in place of one of its parts."""
    changed = copy.deepcopy(condition)
    *above, last = source.choice(list(places_in(changed)))
    inner = changed
    for key in above:
        inner = inner[key]
    inner[last] = source.choice(FOREIGN)
    return changed


def test_a_residual_with_a_foreign_part_is_refused_or_is_never_null():
    source = random.Random(3)  # noqa: S311
    writer = generated.PolicyWriter(source)
    rows = generated.draw_rows(source, 20)
    refused = 0
    for _ in range(200):
        left = json.loads(json.dumps(generated.evaluate_partially([writer.policy("permit")]).residuals))
        condition = left["policy0"]["conditions"][0]
        condition["body"] = with_foreign_part({"&&": {"left": condition["body"], "right": {"Value": True}}}, source)
        try:
            row_filter = compile_residuals([PartialResult(left)], generated.ROW_TYPE)
        except UntranslatableResidual:
            refused += 1
            continue
        found = rows.with_columns(found=filter_expression(row_filter, generated.COLUMNS))["found"]
        assert (found.dtype, found.null_count()) == (pl.Boolean, 0)
    assert refused > 100
