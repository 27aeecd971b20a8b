"""The gate: every clause of a contract, run as Great Expectations on a candidate before it is published.

`bankmesh.quality.gate.evaluate` is the one way in. Importing it is cheap; Great Expectations, SQLAlchemy and
DuckDB are imported by the first evaluation.

    gate          what callers use: `evaluate`, `Relations`, and the results
    results       what a gate found: `Outcome`, `ClauseResult`, `GateResult`
    comparing     a measure held against a clause's comparison
    measures      rules as DuckDB SQL
    uniqueness    duplicates, counted by the cheapest exact way
    queries       whether a SQL measure can only be a count
    wording       what a result says, and what it must never say
    calm          Great Expectations imported without its side effects
    engine        its SQL engine on the caller's DuckDB connection
    expectations  the metrics and expectations that clauses need
    suites        clauses as configured expectations
    validation    one suite for each relation, validated
    classification_check  the clause `classification`, decided on the lineage of the build
    volume_check  the clause `volume`, compared from figures of the Delta log
    reading       results of Great Expectations as the gate's own
"""
