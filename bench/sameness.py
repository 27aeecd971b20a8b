"""Comparison of the contenders' rows: counts and an order-independent fingerprint of each product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.contested import contested_contracts

if TYPE_CHECKING:
    import duckdb

    from bankmesh.contracts.model import Contract
    from bench.places import World

# Decimal places of a double that are compared: the last ones depend on the order of additions.
PLACES = 9


def compare(world: World) -> dict[str, dict[str, Any]]:
    """Return, by product, the number of rows, and whether bare and plain have the same rows as the port."""
    from bankmesh.ports import connect, open_version, port_at

    found: dict[str, dict[str, Any]] = {}
    with connect() as connection:
        connection.execute(f"attach '{world.plain}/bank.duckdb' as plain (read_only)")
        for contract in contested_contracts():
            port = open_version(port_at(world.home, contract.product, contract.major)).duckdb_relation_sql()
            governed = fingerprint(connection, contract, port)
            found[contract.name] = {
                "rows": governed[0],
                "bare": fingerprint(connection, contract, bare_relation(world, contract)) == governed,
                "plain": fingerprint(connection, contract, f"plain.main.{contract.name}") == governed,
            }
    return found


def bare_relation(world: World, contract: Contract) -> str:
    """Return a relation over the files of the bare contender."""
    hive = "hive_partitioning = false"
    if contract.partitioning:
        hive = f"hive_partitioning = true, hive_types = {{'{contract.partitioning.column}': date}}"
    return f"read_parquet('{world.bare}/{contract.name}/**/*.parquet', {hive})"


def fingerprint(connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str) -> tuple[int, int]:
    """Return the number of rows and the sum of their hashes, with columns cast to the promised types."""
    from bankmesh.contracts.column_types import duckdb_type

    columns = [
        f"round({c.name}, {PLACES})" if c.type.name == "double" else f"cast({c.name} as {duckdb_type(c.type)})"
        for c in contract.columns
    ]
    query = f"select count(*), coalesce(sum(hash({', '.join(columns)})::hugeint), 0) from {relation}"
    rows, total = connection.execute(query).fetchone()
    return int(rows), int(total)
