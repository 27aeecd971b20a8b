"""Materialise everything, in this process: `python -m bench.plain`."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

HOME = Path(os.environ["BENCH_PLAIN"])
DAGSTER_YAML = "telemetry: {enabled: false}\n"


def main() -> None:
    """Do the same as `dagster asset materialize --select '*'`, on an instance that keeps its history."""
    import dagster as dg

    from bench.plain.definitions import defs

    (HOME / "dagster").mkdir(parents=True, exist_ok=True)
    (HOME / "dagster" / "dagster.yaml").write_text(DAGSTER_YAML, encoding="utf-8")
    warnings.filterwarnings("ignore")
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.from_config(str(HOME / "dagster")) as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, run_config=quiet)
        checks = result.get_asset_check_evaluations()
    failed = [e.check_name for e in checks if not e.passed and e.severity == dg.AssetCheckSeverity.ERROR]
    if failed:
        raise SystemExit(f"failed: {failed}")
    print(f"{len(checks)} checks")


if __name__ == "__main__":
    main()
