"""The gate: every clause of a contract, run as Great Expectations on a candidate before it is published.

`bankmesh.quality.gate.evaluate` is the one way in. Importing it is cheap; Great Expectations, SQLAlchemy and
DuckDB are imported by the first evaluation.

    gate          what callers use: `evaluate`, `Relations`, and the results
    results       what a gate found: `Outcome`, `ClauseResult`, `GateResult`
    comparing     a measure held against a clause's comparison
    measures      rules as DuckDB SQL
    uniqueness    duplicates, counted by the cheapest exact way
    wording       what a result says, and what it must never say
    engine        Great Expectations' SQL engine on the caller's DuckDB connection
    expectations  the clauses as expectations and metrics
    validation    one suite for each relation: built, validated, read back
"""
