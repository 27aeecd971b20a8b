"""Profiles of published versions: nulls, distinct values, ranges, frequent values and histograms of each column."""
