"""What Dagster shows of products and landings: asset specs, check results, freshness and automation."""
