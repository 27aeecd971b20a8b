"""Every fault of a workspace at once: contracts, source declarations, components, inputs, code locations, orphans."""

from bankmesh.orchestration.workspace_faults.fault_collection import find_workspace_faults

__all__ = ["find_workspace_faults"]
