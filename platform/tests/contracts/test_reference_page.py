"""The reference page names every rule that a user can meet."""

import re
from pathlib import Path

import pytest

import bankmesh.contracts
from bankmesh.contracts.parsing.contract_reader import read_text

CODE = Path(bankmesh.contracts.__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "contract.md"
# Words with a hyphen in the code that are not rules: product types, an engine's spelling, an encoding.
OTHER_WORDS = {"source-aligned", "consumer-aligned", "great-expectations", "utf-8", "utf-8-sig"}


def test_every_rule_in_the_code_is_on_the_page():
    folders = (CODE, CODE.parent / "orchestration/workspace_faults")
    places = (
        "access/duties/duty_faults.py", "access/duties/grant_lifts.py", "access/registry/contract_names.py", "workspace/read_cycles.py", "products/inputs/partition_inputs.py",
        "yaml/documents.py",
    )  # fmt: skip
    others = [CODE.parent / place for place in places]
    files = [*(path for folder in folders for path in folder.rglob("*.py")), *others]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    rules = set(re.findall(r'"([a-z]+[0-9]*(?:-[a-z0-9]+)+)"', code)) - OTHER_WORDS
    rules |= {
        f"{level}-{word}" for level in ("freshness", "latency", "frequency") for word in ("weakened", "strengthened")
    }
    rules |= {"retention-shortened", "retention-lengthened"}
    assert len(rules) > 80
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(rule for rule in rules if f"`{rule}`" not in page) == []
    listed = set(re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", page.partition("## Faults")[2]))
    assert sorted(listed - rules) == []


def test_the_small_contract_on_the_page_is_sound():
    text, *_ = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    contract, faults = read_text("party.odcs.yaml", text)
    assert faults == ()
    assert contract.product == "retail.party"


@pytest.mark.parametrize(
    "heavy", ["great_expectations", "polars", "pyarrow", "sqlglot", "jsonschema", "dagster", "pydantic"]
)
def test_no_heavy_import_at_module_level(heavy):
    for path in CODE.rglob("*.py"):
        assert not re.search(rf"^(import|from) {heavy}\b", path.read_text(encoding="utf-8"), re.MULTILINE), path
