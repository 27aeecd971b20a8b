"""Benchmarks: what governance costs, against the same work bare and against a plain project without the platform."""
