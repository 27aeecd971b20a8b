"""The resource of every step: the settings of the workspace, read from the environment when the step runs."""

from functools import lru_cache
from pathlib import Path

import dagster as dg

from bankmesh.settings import Settings, current_settings

# No postponed annotations here: Dagster reads those of a resource's fields.

MESH = "bankmesh"
"""The key of the resource, which a location may not use for another one."""


class MeshResource(dg.ConfigurableResource[Settings]):
    """The settings of the workspace that a folder lies in.

    Attributes:
        near: a folder from which the workspace is searched if the environment does not name it.
    """

    near: str

    @property
    def settings(self) -> Settings:
        """Root, home and exports. Raises NoWorkspace and UnusableHome."""
        return current_settings(Path(self.near))


@lru_cache(maxsize=64)
def mesh_resource(near: Path) -> MeshResource:
    """Return the resource of a workspace, one for all steps: Dagster refuses different ones of one name."""
    return MeshResource(near=str(near))
