"""No path of lineage makes a column more visible than what it comes from, unless an edge of it is reported or lifted.

The other side is a walk over every path and every combination of roles, which shares no code with the search: it reads
the steps' own lineage and the decisions, and compares how much each reveals by rank.
"""

from dataclasses import replace
from itertools import combinations, pairwise

from helpers.duty_mesh import contract, decide_by, grant, registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.access.duties.column_flows import find_flows, find_identities, find_reordered
from bankmesh.access.duties.grant_lifts import apply_grants
from bankmesh.access.duties.model import Duty, ProductFlow
from bankmesh.access.duties.widening_search import find_widenings
from bankmesh.access.model import Principal
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype

PURPOSES = ("service", "marketing", "marketing.offers")
ROLES = ("agent", "analyst", "marketer")
CLASSES = ("public", "internal", "confidential", "restricted")
MASKS = ("", " null", " redact", " partial(last: 2)", " partial(last: 4)", " pseudonym")
COLUMNS = ("a", "b")
LAYERS = (("source.one", "source.two"), ("middle.one", "middle.two"), ("last.one",))

purposes = st.sets(st.sampled_from(PURPOSES), max_size=2).map(lambda found: tuple(sorted(found)))
classes = st.builds(lambda word, mask: word + mask, st.sampled_from(CLASSES), st.sampled_from(MASKS))
duties = st.sets(st.sampled_from(("purposes", "audience", "masks", "rows")), min_size=1).map(sorted)


@st.composite
def registries(draw):
    return registry(
        {role: (draw(st.sampled_from(CLASSES)), draw(purposes)) for role in ROLES},
        PURPOSES,
    )


@st.composite
def contracts_of(draw, port):
    allowed = draw(purposes)
    entries = [
        (role, tuple(p for p in allowed if draw(st.booleans())))
        for role in draw(st.sets(st.sampled_from(ROLES), max_size=3))
    ]
    return contract(port, {name: draw(classes) for name in COLUMNS}, allowed, entries)


@st.composite
def steps(draw, inputs):
    """Return lineage of any shape: values, rows, opaque reads, and columns that are not known."""
    refs = [ColumnRef(port, column) for port in inputs for column in COLUMNS]
    needed = st.frozensets(
        st.builds(Dependency, st.sampled_from(refs), st.sampled_from(TransformationSubtype), st.booleans()), max_size=2
    )
    unknown = draw(st.sets(st.sampled_from(COLUMNS), max_size=1)) if draw(st.integers(0, 4)) == 0 else set()
    return StepLineage(
        {name: draw(needed) for name in COLUMNS if name not in unknown},
        draw(needed),
        draw(st.frozensets(st.sampled_from(refs), max_size=1)),
        dict.fromkeys(unknown, "it cannot be derived") if draw(st.booleans()) else {},
    )


@st.composite
def meshes(draw):
    contracts, reads, lineage = {}, {}, {}
    for layer, ports in enumerate(LAYERS):
        for port in ports:
            contracts[port] = draw(contracts_of(port))
            if layer:
                reads[port] = sorted(draw(st.sets(st.sampled_from(LAYERS[layer - 1]), min_size=1)))
                lineage[port] = draw(steps(reads[port]))
    for port, sources in reads.items():
        for source in sources:
            if draw(st.booleans()):
                entry = grant(port, draw(st.sets(st.sampled_from(COLUMNS), min_size=1)), draw(duties))
                given_by = replace(entry, by=contracts[source].owner)
                held = (*contracts[source].derivation_grants, given_by)
                contracts[source] = replace(contracts[source], derivation_grants=held)
    return contracts, reads, lineage


# --- the other side ----------------------------------------------------------------------------------------


def revealed(decision):
    """Return what a decision on a column reveals, as the set of facts that a reader learns of a value."""
    if decision.outcome == "withhold" or (decision.mask and decision.mask.method == "null"):
        return set()
    if decision.outcome == "show":
        return {"there", "last 2", "last 4", "equal", "made", "all"}
    of_mask = {
        "redact": {"there"},
        "partial(last: 2)": {"there", "last 2"},
        "partial(last: 4)": {"there", "last 4"},
        "pseudonym": {"there", "equal"},
    }
    return of_mask[str(decision.mask)]


def edges_into(port, column, sources, lineage):
    """Return the columns of the inputs that a column comes from, read from the lineage as it is written."""
    step = lineage[port]
    everything = {ColumnRef(source, name) for source in sources for name in COLUMNS}
    if column in step.underivable or column not in step.columns:
        return everything
    return {d.source for d in (*step.columns[column], *step.rows)} | set(step.opaque)


def ways_of(source, target, lineage):
    """Return the ways in which a step makes one column from another, read from the lineage as it is written."""
    step = lineage[target.dataset]
    if target.column in step.underivable or target.column not in step.columns or source in step.opaque:
        return {"OPAQUE"}
    return {d.how.value for d in (*step.columns[target.column], *step.rows) if d.source == source}


def learned_along(path, facts, lineage):
    """Return what facts about the last column of a path say of the first one.

    Where a step makes a new value, or only looks at the old one, they are facts about something that is made of it. A
    new value may also be missing for a reason of its own, so that it is there is such a fact, too.
    """
    steps = [ways_of(source, target, lineage) for source, target in pairwise(path)]
    if not all(ways <= {"IDENTITY", "JOIN", "GROUP_BY", "FILTER", "SORT"} for ways in steps):
        return {"made"} if facts else set()
    if all("IDENTITY" in ways for ways in steps):
        return facts
    return facts & {"there"} | ({"made"} if facts - {"there"} else set())


def pseudonyms_allow(decide, reader, purpose, path, lineage):
    """Whether a step of a path joins or groups by a column of which the reader gets pseudonyms."""
    return any(
        ways_of(source, target, lineage) <= {"JOIN", "GROUP_BY"}
        and str(decide(reader, source.dataset, purpose).of(source.column).mask) == "pseudonym"
        for source, target in pairwise(path)
    )


def paths_to(ref, reads, lineage):
    """Yield every path that ends in a column, as its columns from the first to the last."""
    yield (ref,)
    if ref.dataset in reads:
        for source in edges_into(ref.dataset, ref.column, reads[ref.dataset], lineage):
            for path in paths_to(source, reads, lineage):
                yield (*path, ref)


def readers():
    for size in range(1, len(ROLES) + 1):
        for roles in combinations(ROLES, size):
            yield Principal("x", frozenset(roles), client="mesh")


def flows_of(port, sources, contracts, lineage):
    columns = dict.fromkeys(sources, COLUMNS)
    flows, identities = find_flows(lineage, COLUMNS, columns), find_identities(lineage, COLUMNS, sources)
    inputs = {source: contracts[source] for source in sources}
    return ProductFlow(contracts[port], inputs, flows, identities, find_reordered(lineage))


def visible(decide, reader, ref, purpose):
    return revealed(decide(reader, ref.dataset, purpose).of(ref.column))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(meshes(), registries())
def test_what_no_edge_reports_and_no_grant_lifts_gains_no_visibility_along_any_path(mesh, known):
    contracts, reads, lineage = mesh
    decide = decide_by(contracts.values(), known)
    reported, lifted = set(), set()
    for port, sources in reads.items():
        flow = flows_of(port, sources, contracts, lineage[port])
        accepted = apply_grants(find_widenings(flow, known, decide), flow.inputs)
        reported |= {(w.source, w.target) for w in accepted.kept}
        lifted |= {(w.source, w.target) for w in accepted.lifted}
    for end in (ColumnRef("last.one", column) for column in COLUMNS):
        for path in paths_to(end, reads, lineage):
            steps_of_path = set(pairwise(path))
            if steps_of_path & (reported | lifted):
                continue
            for reader in readers():
                for purpose in PURPOSES:
                    first, last = (visible(decide, reader, ref, purpose) for ref in (path[0], end))
                    learned = learned_along(path, last, lineage)
                    allowed = learned <= first or pseudonyms_allow(decide, reader, purpose, path, lineage)
                    assert allowed, (path, reader.roles, purpose)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(meshes(), registries())
def test_whatever_is_reported_of_readers_is_a_gain_of_theirs(mesh, known):
    contracts, reads, lineage = mesh
    decide = decide_by(contracts.values(), known)
    for port, sources in reads.items():
        flow = flows_of(port, sources, contracts, lineage[port])
        for one in find_widenings(flow, known, decide):
            reader = Principal("x", frozenset(one.roles), client="mesh")
            if one.duty is Duty.MASKS and one.source.column != "*":
                given, allowed = (visible(decide, reader, ref, one.purpose) for ref in (one.target, one.source))
                assert not learned_along((one.source, one.target), given, lineage) <= allowed
            elif one.duty is Duty.AUDIENCE:
                assert decide(reader, one.source.dataset, one.purpose).is_refused
            else:
                assert one.duty is Duty.PURPOSES or decide(reader, one.source.dataset, one.purpose).is_refused
