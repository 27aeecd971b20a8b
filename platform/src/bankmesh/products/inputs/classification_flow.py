"""The flow of confidentiality from a build's pinned inputs to its columns, for the clause `classification`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.errors import FaultsFound
from bankmesh.lineage.confidentiality import find_step_losses
from bankmesh.lineage.model import ColumnRef
from bankmesh.quality.gate import ClassificationFlow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.contracts.model import Classification, Contract
    from bankmesh.lineage.confidentiality import ConfidentialityLoss
    from bankmesh.lineage.model import StepLineage
    from bankmesh.products.inputs.pinned_inputs import PinnedInput
    from bankmesh.products.product_definition import ProductDefinition


def flow_of_build(product: ProductDefinition, lineage: StepLineage, read: Iterable[PinnedInput]) -> ClassificationFlow:
    """Return the flow of one build, by the classes under which its pinned versions were published or landed.

    `lineage` names its inputs as the snapshot vector does. It may show more than the code alone, of which the duties
    were checked when the location loaded.
    """
    classes: dict[ColumnRef, Classification] = {}
    unknown = []
    for item in read:
        if item.classes is None:
            unknown.append(
                f"the classes of {item.source.ref} are not known, because version {item.version} was published "
                "without its contract; publish it again"
            )
        for column, level in (item.classes or {}).items():
            classes[ColumnRef(item.source.ref, column)] = level
    widened: tuple[str, ...] = ()
    try:
        widened = product.check_duties(lineage) if product.check_duties else ()
    except FaultsFound as error:
        unknown.append(f"the duties to its inputs are not known, because the policies have faults: {error}")
    return replace(classification_flow(product.contract, lineage, classes, unknown), widened=widened)


def classification_flow(
    contract: Contract, lineage: StepLineage, classes: Mapping[ColumnRef, Classification], unknown: Iterable[str] = ()
) -> ClassificationFlow:
    """Return the flow into the columns of a contract from inputs with these classes."""
    own = {ColumnRef(contract.port, column.name): column.classification for column in contract.columns}
    declassified = {ColumnRef(contract.port, c.name) for c in contract.columns if c.declassification is not None}
    # An input of the product's own name is another version of it; its classes must not replace those of the contract.
    losses = find_step_losses(lineage, contract.port, {**classes, **own}, declassified)
    return ClassificationFlow(tuple(_sentences(losses, lineage)), tuple(unknown))


def _sentences(losses: Iterable[ConfidentialityLoss], lineage: StepLineage) -> Iterator[str]:
    """Yield one sentence for each column that loses confidentiality, with its most confidential source."""
    by_target: dict[ColumnRef, ConfidentialityLoss] = {}
    for loss in losses:
        known = by_target.get(loss.target)
        if known is None or loss.source_class > known.source_class:
            by_target[loss.target] = loss
    for target, loss in sorted(by_target.items()):
        source = f"{loss.source}, which is {loss.source_class.label}"
        if any(found.source == loss.source for found in lineage.columns.get(target.column, ())):
            yield f"{target.column} is {loss.target_class.label}, but is made from {source}"
        else:
            why = lineage.underivable.get(target.column, "it is not among the derived columns")
            yield (
                f"{target.column} is {loss.target_class.label}, and counts as made from every column read, "
                f"such as {source}, because its lineage is not known ({why})"
            )
