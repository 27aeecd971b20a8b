"""Products and landings as Dagster's assets: specs, conditions, and the results of a build as events."""
