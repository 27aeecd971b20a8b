"""OpenLineage events of attempts at products and landings, and of restored versions."""
