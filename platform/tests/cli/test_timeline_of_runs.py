"""Runs of `mesh run` are in the overview's timeline of Dagster, which lists runs by their code location."""

from __future__ import annotations

from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_graphql.schema import create_schema

from bankmesh.orchestration.instance import open_instance

# What the page requests of each run; it leaves out runs without an origin.
TIMELINE = """
query($label: String!) {
  completed: runsOrError(filter: {statuses: [SUCCESS], tags: [{key: ".dagster/repository", value: $label}]}) {
    ... on Runs {
      results {
        runId status startTime endTime pipelineName
        repositoryOrigin { repositoryName repositoryLocationName }
        tags { key value }
      }
    }
  }
}
"""


def test_runs_of_mesh_run_are_in_the_timeline(mesh, published) -> None:
    with open_instance(published.settings) as instance:
        before = {run.run_id for run in instance.get_runs()}
    assert mesh("run", "shop.sale", "--force").code == 0
    with open_instance(published.settings) as instance:
        (made,) = {run.run_id for run in instance.get_runs()} - before
        with WorkspaceProcessContext(instance, None) as process:
            context = process.create_request_context()
            answer = create_schema().execute(
                TIMELINE, context_value=context, variable_values={"label": "__repository__@shop"}
            )
    assert not answer.errors
    (run,) = answer.data["completed"]["results"]
    assert (run["runId"], run["pipelineName"]) == (made, "__ASSET_JOB")
    assert run["repositoryOrigin"] == {"repositoryName": "__repository__", "repositoryLocationName": "shop"}
    # With an origin Dagster could start it again after a failure; such runs belong to their process alone.
    assert {"key": "dagster/max_retries", "value": "0"} in run["tags"]
    assert run["startTime"] < run["endTime"]
