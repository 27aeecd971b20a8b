"""`dg scaffold defs bankmesh.PolarsDataProduct NAME`, which writes the same files as `mesh new product`."""

from __future__ import annotations

from dagster.components import Scaffolder, ScaffoldRequest
from pydantic import BaseModel, Field

from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.settings import current_settings


class PolarsProductParameters(BaseModel):
    """The parameters of `dg scaffold defs`."""

    source: str | None = Field(default=None, description="domain.product to read; by default the domain's first")


class PolarsProductScaffolder(Scaffolder[PolarsProductParameters]):
    """Scaffolder of contract, transform, `defs.yaml` and test of a Polars product."""

    @classmethod
    def get_scaffold_params(cls) -> type[PolarsProductParameters]:
        """Return the model of the parameters."""
        return PolarsProductParameters

    def scaffold(self, request: ScaffoldRequest[PolarsProductParameters]) -> None:
        """Write the files; the product has the name of the target folder."""
        target = request.target_path
        package = next(folder for folder in target.parents if (folder / "definitions.py").is_file())
        settings = current_settings(package)
        scaffold_product(settings, f"{package.name}.{target.name}", "polars", request.params.source)
