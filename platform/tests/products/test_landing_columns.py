"""What a landing holds is told alike to dbt, to Dagster and to transforms, the added file name included."""

from __future__ import annotations

import pytest
from shop_workspace import SYSTEM

from bankmesh.products.components.legacy_sources import _spec_metadata
from bankmesh.products.dbt_inputs import dbt_sources
from bankmesh.products.definition import LegacyInput
from bankmesh.products.snapshot import pin
from bankmesh.sources import land_object, read_system

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
