"""The sensor that keeps the catalog's index current: one for each domain, all for the one index of the mesh.

It launches nothing and never fails. The first domain's sensor to run does the work; the others find nothing to do. So
the catalog stays current as long as one code location is up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.errors import BankmeshError
from bankmesh.orchestration.history.check_events import LoggedChecks
from bankmesh.settings import current_settings, follower_seconds

if TYPE_CHECKING:
    from pathlib import Path


def catalog_sensor(domain: str, near: Path) -> dg.SensorDefinition:
    """Return the sensor `<domain>_catalog`, which runs as soon as the location is loaded with a daemon beside it.

    Args:
        domain: the name of the domain whose location holds the sensor.
        near: folder from which the workspace is searched if the environment does not name it.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return _evaluate(context, near)

    return dg.SensorDefinition(
        name=f"{domain}_catalog",
        evaluation_fn=evaluate,
        minimum_interval_seconds=follower_seconds(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Keeps the catalog's index current with contracts, published versions, checks, freshness and reads. "
            "`mesh catalog rebuild` rebuilds it."
        ),
    )


def _evaluate(context: dg.SensorEvaluationContext, near: Path) -> dg.SkipReason:
    from bankmesh.catalog.index.index_connection import CatalogNotWritable
    from bankmesh.catalog.index.index_update import refresh

    try:
        done = refresh(current_settings(near), LoggedChecks(context.instance))
    except CatalogNotWritable as error:
        return dg.SkipReason(f"not now: {error}")
    except BankmeshError as error:
        context.log.error(str(error))  # noqa: TRY400 - written for the user; a stack trace adds nothing
        return dg.SkipReason(f"not refreshed: {error}")
    except Exception as error:  # noqa: BLE001 - a sensor that fails would end in retries; the next tick reads the same
        # The class alone: the text of a database error quotes what was written.
        reason = f"not refreshed: {type(error).__name__}; the next tick reads the same"
        context.log.error(reason)  # noqa: TRY400 - see above
        return dg.SkipReason(reason)
    more = ", more at the next tick" if done.more else ""
    return dg.SkipReason(f"{done}{more} ({done.seconds:.1f} s)")
