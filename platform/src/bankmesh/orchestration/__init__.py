"""Bankmesh in Dagster: the one package that imports it.

components        `defs.yaml`: products, legacy sources, operations
assets            specs of assets and checks, conditions, results of a build as Dagster's events
automation        sensors, schedules, and the switch that stops them
history           Dagster's event log, for alerts, catalog and recovery
runner            `mesh run`: the whole mesh in one process
retention         expiry of events, landings, versions and lineage
workspace_faults  faults that only loading a code location shows
"""
