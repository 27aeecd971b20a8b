"""`bankmesh.Operations`: everything that starts runs in a domain, from one line in `defs/operations/defs.yaml`."""

from __future__ import annotations

import dagster as dg

from bankmesh.orchestration.automation.alert_sensor import alert_sensors
from bankmesh.orchestration.automation.automation_sensor import AutomationSensor
from bankmesh.orchestration.automation.catalog_sensor import catalog_sensor
from bankmesh.orchestration.automation.file_sensor import file_sensor
from bankmesh.orchestration.automation.lineage_sensor import lineage_sensor
from bankmesh.orchestration.automation.retention_schedule import retention_schedule
from bankmesh.orchestration.automation.schedules import schedules
from bankmesh.orchestration.components.product_component import domain_of


class Operations(dg.Component, dg.Model, dg.Resolvable):
    """Schedules from the domain's contracts, and sensors for new files, refreshes, alerts, lineage and the catalog.

    Attributes:
        new_files: land legacy files that are new or changed.
        refresh: refresh products whose inputs have published.
        schedules: land and publish by the clock, as contracts promise.
        alerts: notify owners of failed checks, failed runs and late products.
        lineage: forward OpenLineage events, and emit the end of runs that died.
        catalog: keep the catalog's index current.
        retention: remove every day what may no longer be kept.
    """

    new_files: bool = True
    refresh: bool = True
    schedules: bool = True
    alerts: bool = True
    lineage: bool = True
    catalog: bool = True
    retention: bool = True

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the domain's schedules and sensors."""
        domain, near = domain_of(context), context.project_root
        files = file_sensor(domain, near) if self.new_files else None
        sensors = [
            *([files] if files else []),
            *([AutomationSensor(domain.name, near)] if self.refresh else []),
            *(alert_sensors(domain, near) if self.alerts else []),
            *([lineage_sensor(domain, near)] if self.lineage else []),
            *([catalog_sensor(domain.name, near)] if self.catalog else []),
        ]
        timed = [
            *(schedules(domain, near) if self.schedules else []),
            *([retention_schedule(domain, near)] if self.retention else []),
        ]
        return dg.Definitions(sensors=sensors, schedules=timed)
