"""Number of lines that a domain's engineers write in Bankmesh, and in the plain project; blank lines do not count."""

from __future__ import annotations

from bench.places import ROOT

RETAIL = ROOT / "domains/retail/src/retail"
MODELS = ROOT / "dbt_project/models/retail"
PLAIN = ROOT / "bench/plain"


def count(*patterns: tuple[object, str]) -> int:
    """Count the lines that are not blank in all matching files of these folders."""
    files = {path for folder, pattern in patterns for path in folder.glob(pattern)}
    return sum(bool(line.strip()) for path in files for line in path.read_text(encoding="utf-8").splitlines())


def sizes() -> dict[str, dict[str, int]]:
    """Return lines by kind, for both; `contract` is documentation, descriptions and promises."""
    transforms = count((RETAIL, "defs/*/transform.py"))
    return {
        "transforms (marts in SQL, Polars functions)": {
            "bankmesh": transforms + count((MODELS, "products/*.sql")),
            "plain": transforms + count((PLAIN, "dbt/models/marts/*.sql")),
        },
        "reading the legacy files": {
            "bankmesh": count((RETAIL, "sources/*.yaml"), (MODELS, "staging/*.sql")),
            "plain": count((PLAIN, "dbt/models/staging/*.sql")),
        },
        "wiring (Python and YAML of Dagster and dbt)": {
            "bankmesh": count((RETAIL, "definitions.py"), (RETAIL, "defs/*/defs.yaml")),
            "plain": count(
                *((PLAIN, name) for name in ("definitions.py", "dbt_models.py", "polars_assets.py")),
                *((PLAIN, f"dbt/{name}") for name in ("*.yml", "models/marts/sources.yml")),
            ),
        },
        "checks": {
            "bankmesh": 0,
            "plain": count((PLAIN, "expectations.py"), (PLAIN, "dbt/models/marts/schema.yml")),
        },
        "contracts": {"bankmesh": count((RETAIL, "contracts/*.yaml")), "plain": 0},
    }
