"""What libraries find out again although nothing changed, kept for a process of tests.

Macros: whenever dbt sees another project it parses some five hundred macros of its own, each twice, which takes most of
the time of a small project. The cache is dbt's, made for its own tests: syntax trees by the text that they were parsed
from. Schemas: Dagster describes every installed component as JSON whenever a code location is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg
    from dagster.components.core.component_tree import ComponentTree


def keep_library_caches() -> None:
    """Parse the text of each macro and describe each component once, from here to the end of this process."""
    _keep_parsed_macros()
    _keep_component_schemas()


def _keep_parsed_macros() -> None:
    """Turn dbt's cache on.

    The source of a behaviour flag is not looked up: it only appears in dbt's telemetry, and to find it, dbt inspects the
    whole stack, which is deep in a test.
    """
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.tests import enable_test_caching

    enable_test_caching()
    BehaviorFlagRendered._default_source = staticmethod(lambda: "not looked up")


def _keep_component_schemas() -> None:
    from dagster import Definitions
    from dagster.components.core import load_defs

    describe = load_defs.get_library_json_enriched_defs
    kept: list[dg.Definitions] = []

    def described(tree: ComponentTree | None) -> dg.Definitions:
        if not kept:
            kept.append(describe(None))
        return Definitions(metadata=kept[0].metadata, component_tree=tree)

    load_defs.get_library_json_enriched_defs = described
