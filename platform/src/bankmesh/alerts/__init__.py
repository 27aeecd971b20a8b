"""Alerts: one for each product or shared cause, sent to the owner's support channels.

    Dagster's event log ──► events ──► incidents ──► messages, routes ──► outbox ──► delivery ──► Slack, e-mail, ...
                            facts      pure          pure                 one transaction         Apprise

`incident_decisions`, `common_causes`, `alert_messages` and `alert_routes` only decide. What a tick read and what
follows from it is committed together, so a kill at any instant neither loses an alert nor makes a second one;
`route_delivery` then sends what is due, with ids that never change.
"""
