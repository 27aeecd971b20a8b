"""Where every column comes from, derived and never typed in, and OpenLineage events that say so."""
