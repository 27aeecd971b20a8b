"""Benchmarks of the cost of governance, against the same work bare and against a plain project without the platform."""
