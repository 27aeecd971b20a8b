"""What Marquez's API says, asked as its web page asks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import urlopen


class Marquez:
    """The reading half of the API at an address. Names are given as they are, not escaped."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, *path: str, **query: object) -> Any:
        """The JSON at a path below `/api/v1`. Raises HTTPError."""
        url = "/".join([self.address, "api/v1", *(quote(part, safe="") for part in path)])
        # The address is that of a server that the tests started.
        with urlopen(f"{url}?{urlencode(query)}" if query else url, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def jobs(self, namespace: str) -> dict[str, dict[str, Any]]:
        """Every job of a namespace by its name, which begins with its parent's."""
        return {job["name"]: job for job in self.get("namespaces", namespace, "jobs", limit=1000)["jobs"]}

    def runs(self, namespace: str, job: str) -> list[dict[str, Any]]:
        """The runs of a job, newest first."""
        return list(self.get("namespaces", namespace, "jobs", job, "runs", limit=100)["runs"])

    def dataset(self, namespace: str, name: str) -> dict[str, Any]:
        """One dataset; by a name that is only a symlink it comes without facets and columns' lineage."""
        return dict(self.get("namespaces", namespace, "datasets", name))

    def upstream(self, node: str) -> set[str]:
        """Ids of the datasets and jobs that a node of the lineage graph comes from, and of itself."""
        graph = self.get("lineage", nodeId=node, depth=50)["graph"]
        origins = {item["id"]: [edge["origin"] for edge in item["inEdges"]] for item in graph}
        found: set[str] = set()
        waiting = [self.primary(node)]
        while waiting:
            if (here := waiting.pop()) not in found:
                found.add(here)
                waiting += origins.get(here, [])
        return found

    def primary(self, node: str) -> str:
        """The id of a dataset under its first name, for one under any of its names; other ids as they are."""
        kind, namespace, name = node.split(":", 2)
        if kind != "dataset":
            return node
        found = self.dataset(namespace, name)
        return f"dataset:{namespace}:{found['name']}" if found["facets"] else f"dataset:file:{found['physicalName']}"

    def column_upstream(self, namespace: str, name: str, column: str) -> set[tuple[str, str, str]]:
        """Namespace, dataset and field of every column that one column comes from, in any number of steps."""
        graph = self.get("column-lineage", nodeId=f"datasetField:{namespace}:{name}:{column}", depth=50)["graph"]
        return {
            (source["namespace"], source["dataset"], source["field"])
            for node in graph
            if node["data"]
            for source in node["data"]["inputFields"]
        }
