"""The daily operation of the mesh: what starts runs, and the one switch that stops it from doing so.

    schedules       land and publish by the clock, as contracts promise
    file_sensor     land legacy files that are new or changed
    automation      refresh products whose inputs have published
    switch          off and on, at the next tick, without a restart

Each has two parts: pure functions that decide, and thin definitions that query Dagster and act.
"""
