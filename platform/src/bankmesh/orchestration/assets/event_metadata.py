"""Names of metadata in Dagster's events that the platform writes and reads again. Stored: they must not change."""

VERSION_KEY, CANDIDATE_KEY = "version", "candidate"
"""Of a materialisation: the Delta version, and the folder name that identifies its commit."""

INPUTS_KEY = "inputs"
"""Of a materialisation: the snapshot vector."""

CONFIRMED = "confirmed"
"""Of a materialisation that publishes nothing: the moment at which the version was confirmed."""

RESTORED_AT = "restored at"
"""Of a restored version's materialisation, whose own time is that at which its rows were first published."""

UNCHANGED_PARTITIONS = "partitions unchanged"
"""Of a materialisation: how many of the run's partitions were unchanged."""

LOOKED_AT, WHOLE_TABLE = "looked at", "the whole table"
"""Of a check of a partitioned product: the rows that it evaluates."""

EVALUATED = "evaluated partitions"
"""Of a check of a run that built some of its partitions: first and last of each range that it evaluates."""

OUTCOME = "outcome"
"""Of a check, or of a failed landing."""

FAILING_ROWS, ROWS = "failing rows", "rows looked at"
"""Of a check of a product: the rows that break the clause, and those that it evaluates."""

REJECTS, ROWS_IN = "rejects", "rows in"
"""Of a check of a landing: the rejected rows, and all records of the files."""

NOT_DELIVERED = "not delivered"
"""Outcome of a landing, and data version of a legacy object, if the exports hold nothing of its system."""

UNREADABLE_INPUT = "unreadable input"
"""Of a failed step: the asset key of the input with nothing to read, which is why the step failed."""
