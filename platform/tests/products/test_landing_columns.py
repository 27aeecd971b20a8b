"""What a landing holds is told alike to dbt, to Dagster and to transforms, the added file name included."""

from __future__ import annotations

import duckdb
import pytest
from shop_workspace import SYSTEM

from bankmesh.orchestration.asset_keys import landing_key
from bankmesh.orchestration.assets.landing_assets import _materialize, _spec_metadata
from bankmesh.products.dbt.generated_sources import dbt_sources
from bankmesh.products.inputs.pinned_inputs import pin
from bankmesh.products.product_definition import LegacyInput
from bankmesh.sources import land_compared, land_object, read_system

COLUMNS = ["weekday", "opens", "source_file"]


@pytest.fixture
def system(tmp_path):
    file = tmp_path / "till.yaml"
    named = 'files: ["*/hour.csv"]\n    file_as: source_file'
    file.write_text(SYSTEM.replace("files: [hour.csv]", named))
    return read_system(file)


def test_the_file_name_is_a_column_wherever_columns_are_told(system, tmp_path) -> None:
    item = system.object("hour")
    [declared] = [t for t in dbt_sources([system], [])["sources"][0]["tables"] if t["name"] == "hour"]
    assert [column["name"] for column in declared["columns"]] == COLUMNS
    schema = _spec_metadata(item)["dagster/column_schema"]
    assert [(c.name, c.type, c.constraints.nullable, c.tags) for c in schema.columns][-1] == (
        "source_file", "string", False, {"classification": "internal"},
    )  # fmt: skip
    folder = tmp_path / "exports" / "till" / "monday"
    folder.mkdir(parents=True)
    (folder / "hour.csv").write_text("weekday,opens\nmonday,8\n")
    land_object(item, tmp_path / "exports", tmp_path / "home", "shop")
    [pinned] = pin(tmp_path / "home", [LegacyInput("shop", "till", "hour")]).values()
    assert pinned.scan().collect().select(COLUMNS).rows() == [("monday", 8, "monday/hour.csv")]


def test_a_landing_in_parts_is_read_in_the_order_of_its_files(system, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bankmesh.sources.landing_parts.PART_BYTES", 1)
    weekdays = ["friday", "monday", "sunday", "thursday"]
    rows = [(day, hour, f"{day}/hour.csv") for day in weekdays for hour in (8, 7)]
    exports = tmp_path / "it's exports"
    for number, day in enumerate(reversed(weekdays)):
        folder = exports / "till" / day
        folder.mkdir(parents=True)
        (folder / "hour.csv").write_text(f"weekday,opens\n{day},8\n{day},7\n")
        landing, comparison = land_compared(system.object("hour"), exports, tmp_path / "it's home", "shop")
        made = _materialize(landing_key("shop", "till", "hour"), landing, comparison, system.object("hour"))
        assert made.metadata.get("files taken over", 0) == number
    [pinned] = pin(tmp_path / "it's home", [LegacyInput("shop", "till", "hour")]).values()
    assert pinned.scan().select(COLUMNS).collect().rows() == rows
    assert duckdb.sql(f"select {', '.join(COLUMNS)} from {pinned.relation}").fetchall() == rows
    assert (pinned.rows, pinned.bytes) == (8, sum(path.stat().st_size for path in landing.rows_paths))
    assert pinned.place == str(landing.folder.parent)
