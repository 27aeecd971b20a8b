"""Samples behind profiles: a run over some partitions scans only those, and its sample is that of the whole table."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from diff_samples import MONTH, MONTHS, key_column, party_contract, party_port, publish_party, write_party

from bankmesh.contracts.column_types import arrow_schema
from bankmesh.ports import connect, expire, latest, measure_files
from bankmesh.ports.port_locations import PROFILE_FOLDER, sample_file
from bankmesh.products.candidates.gate_relations import candidate_relation, kept_relation, table_relation
from bankmesh.products.profiles.candidate_sample import candidate_sample
from bankmesh.products.profiles.kept_profiles import keep_profile, kept_profile, profile_candidate
from bankmesh.products.profiles.kept_samples import kept_sample, to_store
from bankmesh.products.profiles.profile_queries import profile_relation
from bankmesh.products.profiles.row_samples import MOST_ROWS, SampledTable, StoredSample, sample_rows

COLUMNS = {
    "id": key_column("integer", classification="internal"),
    "month": MONTH,
    "country": "string",
    "name": {"logicalType": "string", "classification": "confidential"},
    "tags": {"logicalType": "array", "items": {"logicalType": "string"}},
}
CONTRACT = party_contract(COLUMNS)
FLAT = party_contract({name: column for name, column in COLUMNS.items() if name != "tags"})
"""Footers count no nulls of arrays, so those are scanned for them."""


def month_rows(number: int, count: int, country: str = "GB", *, is_flat: bool = False) -> list[dict]:
    first = date.fromisoformat(MONTHS[number])
    return [
        {
            "id": 1_000_000 * number + n,
            "month": first,
            "country": None if n % 10 == 0 else country,
            "name": f"Ada {n % 7}",
            **({} if is_flat else {"tags": ["a"]}),
        }
        for n in range(count)
    ]


def _sample_of(port, candidate, months, contract):
    schema = pa.schema([spec.with_nullable(spec.name != "month") for spec in arrow_schema(contract)])
    files = measure_files(candidate, schema, "month", ())
    before = latest(port)
    relation = candidate_relation(contract, candidate.path)
    kept = kept_relation(contract, port, months, before.version if before else None)
    return candidate_sample(contract, port, (relation, table_relation(relation, kept)), files, months, before)


def build(port, rows, months, contract=CONTRACT):
    """Publish months with their profile, as a product's operation does; return the profile."""
    candidate = write_party(port, contract, rows)
    before = latest(port)
    with connect() as connection:
        profile, stored = profile_candidate(contract, _sample_of(port, candidate, months, contract), connection)
    shutil.rmtree(candidate.path)
    made = publish_party(port, contract, rows, months)
    assert keep_profile(port, made, before.version if before else None, profile, stored)
    return profile


def whole_profile(port, contract=CONTRACT):
    from bankmesh.ports import open_version

    with connect() as connection:
        return profile_relation(contract, open_version(port).duckdb_relation_sql(), connection)


def test_a_small_table_is_profiled_month_by_month_as_if_it_were_scanned(tmp_path) -> None:
    port = party_port(tmp_path)
    build(port, month_rows(0, 300) + month_rows(1, 200, "FR"), MONTHS[:2])
    build(port, month_rows(2, 100, "DE"), MONTHS[2:])
    found = build(port, month_rows(1, 50, "IT"), MONTHS[1:2])
    assert found == whole_profile(port) == kept_profile(port, latest(port))
    assert (found.rows, found.counted, found.column("country").nulls) == (450, 450, 45)
    assert {str(group): group.rows for group in found.column("country").groups} == {"GB": 270, "DE": 90, "IT": 45}
    assert (found.column("name").distinct, found.column("tags").distinct) == (7, 1)


def test_replaced_rows_leave_the_sample_of_a_table_whose_partition_column_is_confidential(tmp_path) -> None:
    contract = party_contract(COLUMNS | {"month": MONTH | {"classification": "confidential"}})
    port = party_port(tmp_path)
    build(port, month_rows(0, 300) + month_rows(1, 200, "FR"), MONTHS[:2], contract)
    found = build(port, month_rows(1, 50, "IT"), MONTHS[1:2], contract)
    assert found == whole_profile(port, contract)
    assert {str(group): group.rows for group in found.column("country").groups} == {"GB": 270, "IT": 45}


def test_only_the_partitions_of_the_run_are_read(tmp_path) -> None:
    port = party_port(tmp_path)
    before = month_rows(0, 40_000, is_flat=True) + month_rows(1, 30_000, "FR", is_flat=True)
    build(port, before, MONTHS[:2], FLAT)
    for file in port.path.glob("*/month=*/*.parquet"):
        file.rename(tmp_path / f"moved {file.parent.name}")
    candidate = write_party(port, FLAT, month_rows(1, 20_000, "IT", is_flat=True))
    sample = _sample_of(port, candidate, MONTHS[1:2], FLAT)
    with connect() as connection:
        rows = sample.rows(connection)
        found = connection.execute(f"select month::varchar, count(*) from {rows.table} group by 1 order by 1")
        counts = dict(found.fetchall())
    assert (rows.rows, rows.nulls["country"]) == (60_000, 6_000)
    assert rows.share == pytest.approx(MOST_ROWS / 70_000)
    # Five standard deviations of binomial distributions.
    assert abs(counts["2024-01-01"] - 40_000 * rows.share) < 5 * (40_000 * rows.share * (1 - rows.share)) ** 0.5
    assert abs(counts["2024-02-01"] - 20_000 * rows.share) < 5 * (20_000 * rows.share * (1 - rows.share)) ** 0.5


@pytest.mark.parametrize("damage", ["missing", "damaged", "other columns"])
def test_without_a_usable_sample_the_whole_table_is_scanned(tmp_path, damage) -> None:
    port = party_port(tmp_path)
    build(port, month_rows(0, 300) + month_rows(1, 200, "FR"), MONTHS[:2])
    contract, file = CONTRACT, sample_file(port, latest(port).candidate)
    assert kept_sample(port, latest(port), contract) is not None
    if damage == "missing":
        file.unlink()
    elif damage == "damaged":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        contract = party_contract(COLUMNS | {"country": {"logicalType": "string", "classification": "confidential"}})
    assert kept_sample(port, latest(port), contract) is None
    found = build(port, month_rows(2, 100, "DE"), MONTHS[2:], contract)
    assert found == whole_profile(port, contract)
    assert found.counted == 600


def test_a_sample_has_no_value_above_internal_and_there_is_one_for_each_port(tmp_path) -> None:
    port = party_port(tmp_path)
    for number in range(3):
        build(port, month_rows(number, 100), MONTHS[number : number + 1])
    (file,) = (port.path / PROFILE_FOLDER).glob("*.arrow")
    assert file.stem == latest(port).candidate
    stored = kept_sample(port, latest(port), CONTRACT).rows
    assert stored.num_rows == 300
    assert "Ada" not in str(stored.to_pydict())
    assert {str(stored.schema.field(name).type) for name in ("name", "tags")} == {"uint64"}
    # A later version without a sample, as of a release before: the older sample expires with its version.
    publish_party(port, CONTRACT, month_rows(0, 10), MONTHS[:1])
    later = datetime.now(UTC) + timedelta(days=9)
    expire(port, keep_candidates=timedelta(days=1), retention=timedelta(days=1), now=later)
    assert list((port.path / PROFILE_FOLDER).iterdir()) == []


PLAIN = party_contract({"id": key_column("integer", classification="internal"), "part": "string"})


def draw(connection, rows: int, earlier: StoredSample | None, replaced=()) -> StoredSample:
    """Sample a table of parts of 200,000 rows; with an earlier sample, only the part after those is scanned."""
    connection.execute(
        f"create or replace view whole as select range::integer as id, (range // 200000)::varchar as part"
        f" from range({rows})"
    )
    new = f"(select * from whole where part = '{rows // 200_000 - 1}')"
    table = SampledTable("whole", new if earlier else "whole", None, earlier, "part", replaced)
    found = sample_rows(PLAIN, table, connection)
    return to_store(PLAIN, found, connection)


def test_every_row_is_as_likely_in_a_sample_that_has_grown_by_parts_as_in_a_new_one() -> None:
    with connect() as connection:
        grown = draw(connection, 200_000, None)
        for parts in range(2, 11):
            grown = draw(connection, 200_000 * parts, grown)
        assert grown.share == pytest.approx(MOST_ROWS / 2_000_000)
        parts = Counter(grown.rows["part"].to_pylist())
        assert len(parts) == 10
        # Five standard deviations of a binomial distribution with 200,000 draws of 0.025.
        assert all(abs(count - 5_000) < 350 for count in parts.values())
        # Rows are drawn independently of their positions, and of those in other parts.
        heads = sum(number % 200_000 < 20_000 for number in grown.rows["id"].to_pylist())
        assert abs(heads - 5_000) < 350
        positions = Counter(number % 200_000 for number in grown.rows["id"].to_pylist())
        twice = sum(count * (count - 1) // 2 for count in positions.values())
        assert abs(twice - 45 * 200_000 * 0.025**2) < 500


def test_a_table_that_has_become_much_smaller_is_sampled_anew() -> None:
    with connect() as connection:
        large = draw(connection, 2_000_000, None)
        assert draw(connection, 1_600_000, large).share == pytest.approx(large.share)
        assert draw(connection, 800_000, large).share == pytest.approx(MOST_ROWS / 800_000)


def test_rows_of_replaced_parts_are_not_in_the_sample() -> None:
    with connect() as connection:
        earlier = draw(connection, 400_000, None)
        found = draw(connection, 400_000, earlier, replaced=("1",))
        assert found.share == earlier.share
        kept = [n for n in earlier.rows["id"].to_pylist() if n < 200_000]
        assert sorted(n for n in found.rows["id"].to_pylist() if n < 200_000) == sorted(kept)
        assert {n for n in found.rows["id"].to_pylist() if n >= 200_000} != {
            n for n in earlier.rows["id"].to_pylist() if n >= 200_000
        }
