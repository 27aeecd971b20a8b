"""The retail code location: load the components, nothing else."""

from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """Return all assets of the domain, from the components under `defs/`."""
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
