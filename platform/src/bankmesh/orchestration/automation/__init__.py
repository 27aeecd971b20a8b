"""What starts runs and follows them, and the one switch that stops it from doing so.

    schedules            land and publish by the clock, as contracts promise
    file_sensor          lands legacy files that are new or changed
    automation_sensor    refreshes products whose inputs have published
    automation_switch    off and on, at the next tick, without a restart
    alert_sensor, lineage_sensor, catalog_sensor, retention_schedule    process logged events

Each has two parts: pure functions that decide, and thin definitions that query Dagster and act.
"""
