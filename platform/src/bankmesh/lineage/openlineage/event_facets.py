"""OpenLineage facets, built with the classes of `openlineage-python` and converted to plain values."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

from bankmesh.lineage.model import Dependency, TransformationSubtype
from bankmesh.lineage.openlineage.openlineage_names import producer, uuid_of
from bankmesh.settings import lineage_namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.lineage.model import StepLineage
    from bankmesh.lineage.openlineage.attempt_facts import (
        AssertionFacts,
        AttemptEnd,
        CodeFacts,
        FieldFacts,
        InputFacts,
        JobFacts,
        OutputFacts,
        RunFacts,
    )

Facets = dict[str, Any]

LOGICAL = "TABLE"
_OPAQUE = "made by a step that is not a query: every column of it depends on every column that the step read"
_REF = "bankmesh"
"""Source of the tag that carries the name that lineage uses for an input."""


def of_run(run: RunFacts, namespace: str) -> Facets:
    """Return the run facets: parent (with its root), processing_engine, and nominalTime where partitions are built."""
    from openlineage.client.facet_v2 import nominal_time_run, parent_run, processing_engine_run

    root_id, root_job = run.root
    made: Facets = {
        "parent": parent_run.ParentRunFacet(
            run=parent_run.Run(runId=uuid_of(run.dagster_run)),
            job=parent_run.Job(namespace=namespace, name=run.dagster_job),
            root=parent_run.Root(
                run=parent_run.RootRun(runId=uuid_of(root_id)),
                job=parent_run.RootJob(namespace=namespace, name=root_job),
            ),
        ),
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            name=run.engine[0], version=run.engine[1], openlineageAdapterVersion=installed("bankmesh")
        ),
    }
    if run.nominal:
        first, end = (moment.isoformat() for moment in run.nominal)
        made["nominalTime"] = nominal_time_run.NominalTimeRunFacet(nominalStartTime=first, nominalEndTime=end)
    return _plain(made)


def of_run_tags(tags: Mapping[str, str]) -> Facets:
    """Return the tags facet of a run; `tags` maps names to values."""
    from openlineage.client.facet_v2 import tags_run

    found = [tags_run.TagsRunFacetFields(key=name, value=value, source="BANKMESH") for name, value in tags.items()]
    return _plain({"tags": tags_run.TagsRunFacet(tags=found)})


def of_error(message: str) -> Facets:
    """Return the errorMessage facet, without a stack trace, whose lines may quote values."""
    from openlineage.client.facet_v2 import error_message_run

    return _plain(
        {"errorMessage": error_message_run.ErrorMessageRunFacet(message=message, programmingLanguage="PYTHON")}
    )


def of_job(job: JobFacts) -> Facets:
    """Return the job facets: jobType, ownership, documentation, and the code if it is known when the run begins."""
    from openlineage.client.facet_v2 import documentation_job, job_type_job, ownership_job

    made = {
        "jobType": job_type_job.JobTypeJobFacet(processingType="BATCH", integration="DAGSTER", jobType=job.kind),
        "ownership": ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(name=f"team:{job.owner}")]),
        "documentation": documentation_job.DocumentationJobFacet(
            description=job.description, contentType="text/markdown"
        ),
    }
    return _plain(made) | (of_code(job.code) if job.code else {})


def of_code(code: CodeFacts) -> Facets:
    """Return the sql or sourceCode facet, and sourceCodeLocation where there is a URL."""
    from openlineage.client.facet_v2 import source_code_job, source_code_location_job, sql_job

    made: Facets = {}
    if code.language == "sql":
        made["sql"] = sql_job.SQLJobFacet(query=code.text, dialect=code.dialect)
    else:
        made["sourceCode"] = source_code_job.SourceCodeJobFacet(language=code.language, sourceCode=code.text)
    if code.url:
        made["sourceCodeLocation"] = source_code_location_job.SourceCodeLocationJobFacet(
            type="git" if code.commit else "file", url=code.url, path=code.path, version=code.commit
        )
    return _plain(made)


def of_input(item: InputFacts) -> Facets:
    """Return the facets of an input: version read, columns, logical name; for legacy objects also their declaration."""
    made = _named(item.logical, item.name.namespace, item.name.name)
    if item.version is not None:
        made |= _version(item.version)
    if item.fields:
        made |= {**_schema(item.fields), **_tags(item.fields, (), item.ref)}
    else:
        made |= _tags((), (), item.ref)
    if item.owner:
        made |= _ownership(item.owner)
    if item.description:
        made |= _documentation(item.description)
    return _plain(made)


def ref_of(item: Mapping[str, Any]) -> str:
    """Return the name that lineage uses for an input of an event."""
    tags = item["facets"]["tags"]["tags"]
    return next(str(tag["value"]) for tag in tags if tag.get("source") == _REF)


def statistics_of_input(item: InputFacts) -> Facets:
    """Return the inputStatistics facet of the whole version that was opened, including rows that the engine skips."""
    return {} if item.rows is None and item.bytes is None else input_statistics(item.rows, item.bytes)


def input_statistics(rows: int | None, size: int | None) -> Facets:
    """Return the inputStatistics facet for these rows and bytes."""
    from openlineage.client.facet_v2 import input_statistics_input_dataset as statistics

    return _plain({"inputStatistics": statistics.InputStatisticsInputDatasetFacet(rowCount=rows, size=size)})


def of_version(version: str) -> Facets:
    """Return the version facet."""
    return _plain(_version(version))


def of_output(output: OutputFacts) -> Facets:
    """Return the output's facets: schema, ownership, documentation, tags of columns and dataset, and logical name."""
    return _plain(
        {
            **_named(output.logical, output.name.namespace, output.name.name),
            **_schema(output.fields),
            **_ownership(output.owner),
            **_documentation(output.description),
            **_tags(output.fields, output.tags, None),
        }
    )


def of_ending(ending: AttemptEnd, names: Mapping[str, tuple[str, str]]) -> Facets:
    """Return the output's facets known at the end: version, columnLineage, dataQualityAssertions and -Metrics."""
    made: Facets = {}
    if ending.version is not None:
        made |= _version(ending.version)
    if ending.lineage is not None:
        made["columnLineage"] = _column_lineage(ending.lineage, names)
    if ending.assertions:
        made["dataQualityAssertions"] = _assertions(ending.assertions)
    if ending.built_rows is not None:
        made["dataQualityMetrics"] = _metrics(ending)
    return _plain(made)


def statistics_of_output(ending: AttemptEnd) -> Facets:
    """Return the outputStatistics facet of the whole table at the published version."""
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    if ending.rows is None:
        return {}
    found = statistics.OutputStatisticsOutputDatasetFacet(rowCount=ending.rows, size=ending.bytes)
    return _plain({"outputStatistics": found})


def _column_lineage(lineage: StepLineage, names: Mapping[str, tuple[str, str]]) -> object:
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    # Backends read `fields` and few read `dataset`, so the columns that an opaque step read are listed per column.
    opaque = [Dependency(ref, TransformationSubtype.OPAQUE) for ref in lineage.opaque]
    fields = {}
    for column, found in lineage.columns.items():
        entry = facet.Fields(inputFields=_input_fields([*found, *opaque], names))
        if column in lineage.underivable:
            entry.transformationType = "UNDERIVABLE"
            entry.transformationDescription = f"underivable: {lineage.underivable[column]}"
        fields[column] = entry
    return facet.ColumnLineageDatasetFacet(fields=fields, dataset=_input_fields(lineage.rows, names))


def _input_fields(found: Iterable[Dependency], names: Mapping[str, tuple[str, str]]) -> list[Any]:
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    grouped: dict[Any, list[Dependency]] = {}
    for dependency in sorted(found):
        grouped.setdefault(dependency.source, []).append(dependency)
    return [
        facet.InputField(
            *names[source.dataset], source.column, transformations=[_transformation(d) for d in dependencies]
        )
        for source, dependencies in grouped.items()
        if source.dataset in names
    ]


def _transformation(dependency: Dependency) -> Any:  # noqa: ANN401 - a class of a module that is loaded late
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    return facet.Transformation(
        type=dependency.how.kind.value,
        subtype=dependency.how.value,
        description=_OPAQUE if dependency.how is TransformationSubtype.OPAQUE else None,
        masking=dependency.masking,
    )


def _assertions(found: Iterable[AssertionFacts]) -> object:
    from openlineage.client.facet_v2 import data_quality_assertions_dataset as facet

    return facet.DataQualityAssertionsDatasetFacet(
        assertions=[
            facet.Assertion(
                assertion=item.rule,
                success=item.holds,
                column=item.column,
                severity="error" if item.severity == "error" else "warn",
                name=item.name,
                description=item.description,
                actual=None if item.failing_rows is None else f"{item.failing_rows} failing rows",
                params={"outcome": item.outcome},
            )
            for item in found
        ]
    )


def _metrics(ending: AttemptEnd) -> object:
    from openlineage.client.facet_v2 import data_quality_metrics_dataset as facet

    return facet.DataQualityMetricsDatasetFacet(
        rowCount=ending.built_rows,
        columnMetrics={
            name: facet.ColumnMetrics(nullCount=nulls, count=float((ending.built_rows or 0) - nulls))
            for name, nulls in ending.nulls.items()
        },
    )


def _named(logical: str, namespace: str, name: str) -> Facets:
    from openlineage.client.facet_v2 import datasource_dataset, symlinks_dataset

    known_as = symlinks_dataset.Identifier(namespace=lineage_namespace(), name=logical, type=LOGICAL)
    uri = f"{namespace}:{name}" if namespace == "file" else f"{namespace}/{name}"
    return {
        "symlinks": symlinks_dataset.SymlinksDatasetFacet(identifiers=[known_as]),
        "dataSource": datasource_dataset.DatasourceDatasetFacet(name=namespace, uri=uri),
    }


def _version(version: str) -> Facets:
    from openlineage.client.facet_v2 import dataset_version_dataset

    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=version)}


def _schema(fields: Iterable[FieldFacts]) -> Facets:
    from openlineage.client.facet_v2 import schema_dataset

    described = [
        schema_dataset.SchemaDatasetFacetFields(name=item.name, type=item.type, description=item.description)
        for item in fields
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=described)}


def _ownership(owner: str) -> Facets:
    from openlineage.client.facet_v2 import ownership_dataset

    named = ownership_dataset.Owner(name=f"team:{owner}", type="MAINTAINER")
    return {"ownership": ownership_dataset.OwnershipDatasetFacet(owners=[named])}


def _documentation(description: str) -> Facets:
    from openlineage.client.facet_v2 import documentation_dataset

    text = documentation_dataset.DocumentationDatasetFacet(description=description, contentType="text/markdown")
    return {"documentation": text}


def _tags(fields: Iterable[FieldFacts], tags: Iterable[tuple[str, str]], ref: str | None) -> Facets:
    from openlineage.client.facet_v2 import tags_dataset

    tag = tags_dataset.TagsDatasetFacetFields
    found = [tag(key=name, value=value, source="CONTRACT") for name, value in tags]
    found += [tag(key="classification", value=f.classification, source="CONTRACT", field=f.name) for f in fields]
    if ref is not None:
        found.append(tag(key="read_as", value=ref, source=_REF))
    return {"tags": tags_dataset.TagsDatasetFacet(tags=found)}


def _plain(facets: Facets) -> Facets:
    """Return the facets as plain JSON values, each with Bankmesh as its producer."""
    import attr
    from openlineage.client.serde import Serde

    plain = {name: attr.asdict(facet) if attr.has(type(facet)) else facet for name, facet in facets.items()}
    clean: Facets = Serde.remove_nulls_and_enums(plain)
    for facet in clean.values():
        facet["_producer"] = producer()
    return clean
