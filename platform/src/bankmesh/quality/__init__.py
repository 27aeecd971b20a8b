"""The gate: evaluates every clause of a contract with Great Expectations, on a candidate before it is published.

`bankmesh.quality.gate.evaluate` is the only entry point. Importing it is fast; Great Expectations, SQLAlchemy and
DuckDB are imported by the first evaluation.

    gate          what callers use: `evaluate`, `Relations`, and the results
    results       results of a gate: `Outcome`, `ClauseResult`, `GateResult`
    comparing     comparison of a measure with a clause's bound
    measures      rules as DuckDB SQL
    uniqueness    counts of duplicates, by the cheapest exact method
    queries       whether a SQL measure can only be a count
    wording       messages of results, without data values
    calm          import of Great Expectations without its side effects
    engine        its SQL engine on the caller's DuckDB connection
    expectations  the metrics and expectations that clauses need
    suites        clauses as configured expectations
    validation    one suite for each relation, validated by Great Expectations
    classification_check  the clause `classification`, decided on the lineage of the build
    volume_check  the clause `volume`, compared from figures of the Delta log
    reading       conversion of Great Expectations' results to the gate's own
"""
