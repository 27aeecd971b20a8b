"""`dg scaffold defs bankmesh.PolarsDataProduct NAME`: the same files as `mesh new product` writes."""

from __future__ import annotations

from dagster.components import Scaffolder, ScaffoldRequest
from pydantic import BaseModel, Field

from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.settings import current_settings


class PolarsProductParameters(BaseModel):
    """What `dg scaffold defs` asks for."""

    source: str | None = Field(default=None, description="domain.product that it reads; the domain's first if left out")


class PolarsProductScaffolder(Scaffolder[PolarsProductParameters]):
    """Contract, transform, `defs.yaml` and test of a Polars product."""

    @classmethod
    def get_scaffold_params(cls) -> type[PolarsProductParameters]:
        """The parameters' model."""
        return PolarsProductParameters

    def scaffold(self, request: ScaffoldRequest[PolarsProductParameters]) -> None:
        """Write the files; the folder's name is the product's."""
        target = request.target_path
        package = next(folder for folder in target.parents if (folder / "definitions.py").is_file())
        settings = current_settings(package)
        scaffold_product(settings, f"{package.name}.{target.name}", "polars", request.params.source)
