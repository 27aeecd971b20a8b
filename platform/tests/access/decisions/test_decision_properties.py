"""Laws of decisions over generated policies: what can only narrow narrows, and an error shows nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from access_workspace import CUSTOMER, PORT, reader, write_access_workspace
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bankmesh.access.decisions.decision_engine import decide
from bankmesh.access.model import ColumnOutcome, MaskMethod

REVEALED = (ColumnOutcome.WITHHOLD, ColumnOutcome.MASK, ColumnOutcome.SHOW)
READERS = (("clerk", "service"), ("seller", "marketing.offers"), ("scientist", "model_training"))
NAMES = [name for name, *_ in CUSTOMER]
MASKS = ("redact", "null", "pseudonym", "partial(last: 2)", "generalise(prefix: 1)")
bounded = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

conditions = st.one_of(
    st.sampled_from(NAMES).map(lambda name: f'resource.name == "{name}"'),
    st.integers(0, 3).map(lambda level: f"resource.sensitivity >= {level}"),
    st.integers(0, 3).map(lambda level: f"principal.clearance >= {level}"),
    st.sampled_from(["service", "marketing", "model_training"]).map(
        lambda name: f'context.purpose in Purpose::"{name}"'
    ),
    st.just('resource has subject && resource.subject == "customer"'),
    st.just("true"),
)
row_conditions = st.sampled_from(
    ["resource has opt_in && resource.opt_in", "resource.visits > 3", 'resource.shop == "north"', "false", "true"]
)


@dataclass(frozen=True)
class Drawn:
    """A policy's parts; a forbid may bear a mask, and so may a permit of masking."""

    effect: str
    role: str
    action: str
    condition: str
    mask: str

    def __str__(self):
        principal = f'principal in Role::"{self.role}"' if self.role else "principal"
        may_mask = (self.effect, self.action) in {("permit", "mask"), ("forbid", "show")}
        head = f'@mask("{self.mask}")\n' if self.mask and may_mask else ""
        kind = " is shop::customer_v1" if self.action == "read" else ""
        scope = f'{principal}, action == Action::"{self.action}", resource{kind}'
        return f"{head}{self.effect} ({scope}) when {{ {self.condition} }};"


def policies(effect, *, roles=("", "clerk", "seller", "scientist"), masks=("", *MASKS)):
    on_columns = st.builds(
        Drawn, st.just(effect), st.sampled_from(roles), st.sampled_from(["show", "mask"]), conditions,
        st.sampled_from(masks),
    )  # fmt: skip
    on_rows = st.builds(
        Drawn, st.just(effect), st.sampled_from(roles), st.just("read"), row_conditions, st.just("")
    )  # fmt: skip
    return st.one_of(on_columns, on_rows)


@pytest.fixture
def shop(tmp_path):
    return write_access_workspace(tmp_path)


def write(shop, drawn, name="policies/own.cedar"):
    shop.write(
        name,
        "".join(f"{policy}\n" for policy in drawn) or "// none\nforbid (principal, action, resource) when { false };",
    )


def assert_no_wider(narrow, wide):
    """Each column reveals no more, by a mask that hides no less, and no row that was filtered is seen."""
    for name in NAMES:
        less, more = narrow.of(name), wide.of(name)
        assert REVEALED.index(less.outcome) <= REVEALED.index(more.outcome), (name, less, more)
        if less.mask and more.mask:
            assert list(MaskMethod).index(less.mask.method) <= list(MaskMethod).index(more.mask.method)
    if narrow.row_filter.is_everything:
        assert wide.row_filter.is_everything


@bounded
@given(base=st.lists(policies("permit"), max_size=3), more=policies("forbid"), who=st.sampled_from(READERS))
@example(base=[], more=Drawn("forbid", "", "show", "true", "partial(last: 2)"), who=("clerk", "service"))
@pytest.mark.parametrize("place", ["policies/more.cedar", "domains/shop/src/shop/policies/more.cedar"])
def test_a_further_forbid_never_widens(shop, place, base, more, who):
    write(shop, base)
    (shop.root / place).unlink(missing_ok=True)
    wide = shop.decide(*who)
    write(shop, [more], place)
    assert_no_wider(shop.decide(*who), wide)


@bounded
@given(
    permits=st.lists(policies("permit", masks=("",)), max_size=3),
    forbids=st.lists(policies("forbid", roles=("",), masks=("",)), max_size=2),
    roles=st.sets(st.sampled_from(["clerk", "seller", "scientist", "stranger"]), min_size=2),
    purpose=st.sampled_from(["service", "marketing", "model_training"]),
)
@example([], [Drawn("forbid", "", "show", "true", "")], {"clerk", "seller", "stranger"}, "service")
def test_a_role_less_never_widens(shop, permits, forbids, roles, purpose):
    """Forbids that name a role may separate duties, and then a role less is a duty less: they are left out here."""
    write(shop, [*permits, *(each for each in forbids if "clearance" not in each.condition)])
    policy = shop.load()
    wide = decide(policy, reader(roles), PORT, purpose)
    for role in roles:
        assert_no_wider(decide(policy, reader(roles - {role}), PORT, purpose), wide)


@bounded
@given(
    base=st.lists(policies("permit"), max_size=2),
    at=st.sampled_from(NAMES),
    effect=st.sampled_from(["permit", "forbid"]),
    action=st.sampled_from(["show", "mask"]),
    who=st.sampled_from(READERS),
)
def test_an_error_in_one_column_shows_no_column(shop, base, at, effect, action, who):
    overflow = "resource.sensitivity + 9223372036854775807 > 0"
    fails = Drawn(effect, "", action, f'resource.name == "{at}" && {overflow}', "")
    write(shop, base)
    (shop.root / "policies/more.cedar").unlink(missing_ok=True)
    before = shop.decide(*who)
    write(shop, [fails], "policies/more.cedar")
    found = shop.decide(*who)
    is_public = at == "shop"  # zero can be added to the largest number
    assert found.is_refused or (is_public and not before.is_refused)
    assert is_public or not found.readable
    assert is_public or not found.row_filter.is_everything
