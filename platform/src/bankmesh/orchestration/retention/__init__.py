"""Retention of what a mesh home accumulates besides published versions: Dagster's events, landings, lineage events.

run_selection      which runs expire: a pure decision
event_rows         their rows in the event log's index
run_files          their own files, and files that earlier deletions left
reader_positions   up to where alerts, the catalog and lineage have read
event_expiry       applies all of these
mesh_expiry        everything that `mesh expire` and the daily job do
"""
