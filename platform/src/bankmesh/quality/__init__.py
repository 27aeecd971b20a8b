"""The gate: evaluates every clause of a contract with Great Expectations, on a candidate before it is published.

`bankmesh.quality.gate.evaluate` is the only entry point. Importing it is fast; Great Expectations, SQLAlchemy and
DuckDB are imported by the first evaluation.

    gate                     what callers use: `evaluate`, and the results
    evaluated_relations      what the gate reads: the candidate, the rows it joins, the products it refers to
    clause_results           `Outcome`, `ClauseResult`, `GateResult`
    measure_comparison       comparison of a measure with a clause's bound
    measure_queries          rules as DuckDB SQL
    duplicate_counts         counts of duplicates, by the cheapest exact method
    sql_measures             whether a SQL measure can only be a count
    result_messages          messages of results, without data values
    gx_import                import of Great Expectations without its side effects
    duckdb_execution_engine  its SQL engine on the caller's DuckDB connection
    gate_expectations        the metrics and expectations that clauses need
    expectation_suites       clauses as configured expectations
    suite_validation         one suite for each relation, validated by Great Expectations
    result_reader            conversion of Great Expectations' results to the gate's own
    classification_check     the clause `classification`, decided on the lineage of the build
    volume_check             the clause `volume`, compared from figures of the Delta log
"""
