"""dbt data tests as rules of the gate: what a test selects, and which number of results fails it."""

from __future__ import annotations

from dataclasses import dataclass

TABLE = "${table}"


@dataclass(frozen=True)
class DbtTest:
    """A data test of dbt on a product, as dbt compiled it.

    Attributes:
        kind: dbt's name of a generic test, `unique`; `singular` for a query of its own.
        sql: the query of failing rows. `${table}` is the candidate table as readers would see it, `${retail.party}` the
            published rows of another product.
        sources: those products, named as in the snapshot vector.
        fail_calc: the expression that computes a number from the failing rows.
        warn_if: comparison that the number must satisfy for a warning, `!= 0`.
        error_if: the same for an error; it counts only for a test of severity error.
        limit: the most failing rows that are fetched, None for all of them.
    """

    kind: str
    sql: str
    sources: tuple[str, ...] = ()
    fail_calc: str = "count(*)"
    warn_if: str = "!= 0"
    error_if: str = "!= 0"
    limit: int | None = None

    @property
    def query(self) -> str:
        """The query that dbt runs for the test: number of failures, whether to warn, whether to fail."""
        limit = "" if self.limit is None else f"\nlimit {self.limit}"
        return (
            f"select {self.fail_calc} as failures, {self.fail_calc} {self.warn_if} as should_warn,"
            f" {self.fail_calc} {self.error_if} as should_error\nfrom (\n{self.sql}{limit}\n) dbt_internal_test"
        )


def placeholder_of(source: str) -> str:
    """Return the placeholder in a test's SQL for the published rows of a product."""
    return f"${{{source}}}"
