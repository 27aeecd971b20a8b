"""`mesh run`: the whole mesh in this process, one Dagster run for each wave of assets."""
