"""Products that start from a landing: all of its columns, and a key only where the declaration or the rows show one."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.contracts.column_types import polars_type
from bankmesh.contracts.model import ColumnType
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import UnknownName
from bankmesh.scaffolding.product_scaffold import CannotScaffold, scaffold_product, sql_column
from bankmesh.sources import prepare, read_system
from bankmesh.testing.samples import Samples

HEAD = """\
system: vault
description: The vault.
owner: shop-data
folder: vault
format: {delimiter: ";"}
objects:
  box:
    description: "One row for each box: a day's state."
"""
COLUMNS = """\
    columns:
      branch: {type: long, required: true, classification: internal, description: "The branch, \\"as numbered\\"."}
      box: {type: string, required: true, classification: internal, description: The box.}
      day: {type: date, format: "%Y-%m-%d", required: true, classification: internal, description: The day.}
      worth: {type: "decimal(9,2)", required: true, classification: confidential, description: Its worth. In EUR.}
      note: {type: string, classification: restricted, description: A note.}
"""
UNIQUE_WORTH = [(1, "a", "2024-01-01", n) for n in range(6)]


def row(branch, box, day, worth):
    return f"{branch};{box};{day};{worth};"


@pytest.fixture
def scaffold(home, tmp_path):
    """`scaffold([rows, rows], keys)`: the contract of a product from a landing of files with such rows, and its files.

    Without files, nothing is landed.
    """
    package = home.root / "domains" / "shop" / "src" / "shop"
    declaration = package / "sources" / "vault.yaml"
    declaration.parent.mkdir(exist_ok=True)
    written: list[Path] = []

    def scaffold(files, keys='    files: ["box_*.csv"]\n', kind="polars"):
        declaration.write_text(HEAD + keys + COLUMNS, encoding="utf-8")
        exports = tmp_path / f"exports_{len(written)}"
        (exports / "vault").mkdir(parents=True)
        for number, rows in enumerate(files):
            lines = ["branch;box;day;worth;note", *(row(*each) for each in rows)]
            (exports / "vault" / f"box_{number}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if files:
            prepare(read_system(declaration).object("box"), exports, home.home, "shop")
        made = scaffold_product(home, "shop.boxes", kind, "vault.box")
        written.extend(made.files)
        contract = read_contract(package / "contracts" / "boxes.odcs.yaml")
        texts = {path.name: path.read_text(encoding="utf-8") for path in made.files}
        for path in made.files:
            path.unlink()
        return contract, texts

    yield scaffold
    declaration.unlink()
    for landed in (home.home / "landings").rglob("landing.json"):
        landed.unlink()


def test_it_has_all_columns_of_the_landing_as_they_are_declared(scaffold):
    contract, texts = scaffold([[(1, "a", "2024-01-01", "1.00")]], kind="dbt")
    assert [(c.name, str(c.type), c.classification.label, c.required) for c in contract.columns] == [
        ("branch", "long", "internal", True),
        ("box", "string", "internal", True),
        ("day", "date", "internal", True),
        ("worth", "decimal(9,2)", "confidential", True),
        ("note", "string", "restricted", False),
    ]
    assert contract.column("branch").description == 'The branch, "as numbered".'
    assert (contract.product_type, contract.table_description) == (
        "source-aligned", "One row for each box: a day's state.",
    )  # fmt: skip
    assert "select\n    branch,\n    box,\n    day,\n    worth,\n    note\nfrom boxes\n" in texts["boxes.sql"]


A, B = [(1, "a", "2024-01-01", "1.00"), (1, "b", "2024-01-01", "1.00")], [(2, "c", "2024-01-01", "1.00")]
AGAIN = [(1, "a", "2024-01-02", "1.00"), (2, "a", "2024-01-02", "1.00")]
PLACED = '    files: ["box_*.csv"]\n    file_as: source\n    line_as: line\n'
ONE_FILE = "    files: [box_0.csv]\n"


@pytest.mark.parametrize(
    ("files", "keys", "key", "reason"),
    [
        ([A, B], '    files: ["box_*.csv"]\n', ("box",), "box is unique in the 3 rows landed last."),
        ([A], ONE_FILE, ("box",), "box is unique in the 2 rows landed last."),
        ([A], '    files: ["box_*.csv"]\n', ("box",), "all of one file; another file may repeat it."),
        ([A], PLACED, ("source", "line"), "The file and line of each row (source, line) name it."),
        ([A, B], PLACED, ("box",), "box is unique"),
        ([A, AGAIN], PLACED, ("source", "line"), "The file and line"),
        ([], PLACED, ("source", "line"), "The file and line"),
        ([A, A], ONE_FILE + "    line_as: line\n", ("box",), "box is unique"),
        ([UNIQUE_WORTH], ONE_FILE + "    line_as: line\n", ("line",), "The line of each row (line) name it."),
        ([A, AGAIN], '    files: ["box_*.csv"]\n', ("branch", "box", "day"), "branch, box and day are together unique"),
        ([UNIQUE_WORTH], ONE_FILE, (), "No column that is required, and no few of them, are unique in the 6 rows"),
        ([], ONE_FILE, (), "Nothing was landed yet"),
    ],
)
def test_its_key_is_one_that_the_declaration_or_the_rows_show(scaffold, files, keys, key, reason):
    contract, texts = scaffold(files, keys)
    assert contract.primary_key == key
    assert reason in texts["boxes.odcs.yaml"]
    assert (".sort(KEYS)" in texts["transform.py"]) is bool(key)
    assert ".unique()" not in texts["transform.py"]  # two rows of a file are never one row of the product


def test_names_that_are_not_there(home, scaffold):
    scaffold([])
    for name, meant in (("vault.boxx", r"vault\.box"), ("shop.landing.vault_boxs", r"shop\.landing\.vault_box")):
        with pytest.raises(
            UnknownName, match=rf"product or landing {name}\. Did you mean {meant}\? Known: vault\.box\."
        ):
            scaffold_product(home, "shop.other", "polars", name)


def test_what_is_there_and_what_lacks_a_domain_is_refused(home, scaffold):
    scaffold([])
    with pytest.raises(CannotScaffold, match=r"^boxes names no domain\. Write DOMAIN\.boxes; domains: shop\.$"):
        scaffold_product(home, "boxes", "polars", "vault.box")
    model = home.root / "domains/shop/tests/test_boxes.py"
    model.parent.mkdir(exist_ok=True)
    model.touch()
    with pytest.raises(
        CannotScaffold, match=r"^Nothing written: .*test_boxes\.py exists already\. Choose another name\.$"
    ):
        scaffold_product(home, "shop.boxes", "polars", "vault.box")
    model.unlink()


def test_a_landing_of_another_domain_is_internal_to_it(home, scaffold):
    scaffold([])
    other = home.root / "domains" / "kiosk" / "src" / "kiosk"
    other.mkdir(parents=True)
    (other / "definitions.py").touch()
    with pytest.raises(CannotScaffold, match=r"shop\.landing\.vault_box is internal to shop\."):
        scaffold_product(home, "kiosk.boxes", "polars", "vault.box")
    (other / "definitions.py").unlink()


@pytest.mark.parametrize("word", ["limit", "order", "left", "current_date", "user", "yield", "date", "name"])
def test_a_column_is_read_by_sql_whatever_its_name(word):
    import duckdb

    query = f'with t as (select 1 as {sql_column("x")}, 7 as "{word}") select {sql_column(word)} from t'
    assert duckdb.sql(query).fetchall() == [(7,)]
    assert re.fullmatch(r'[a-z_]+|"[a-z_]+"', sql_column(word))


KINDS = st.sampled_from(["string", "long", "integer", "double", "date", "timestamp"]).map(ColumnType) | st.integers(
    1, 38
).flatmap(lambda p: st.integers(0, p).map(lambda s: ColumnType("decimal", precision=p, scale=s)))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), KINDS, min_size=1), st.integers(1, 9))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
def test_examples_have_a_value_in_every_column_that_differs_from_row_to_row(kinds, count):
    schema = {name: polars_type(kind) for name, kind in kinds.items()}

    class Known(Samples):
        def schema(self, _source):
            return schema

    rows = Known(None, (), {}).examples("till.item", count)
    assert dict(rows.schema) == schema
    assert all(rows[name].n_unique() == count and not rows[name].null_count() for name in schema)
    assert rows.sort(*schema).rows() == rows.rows()[::-1]
