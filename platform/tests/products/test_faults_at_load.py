"""Faulty contracts: the code location is refused with every fault of every contract, message first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shop_workspace import contract_text, write_workspace

from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location

UNKNOWN_KEY = ("opening_hour.odcs.yaml", "status: active", "status: active\ncolour: red", "colour")
WRONG_TYPE = ("monthly_sale.odcs.yaml", "tags: [Point of Sale]", "tags: 7", "tags")
UNKNOWN_CLASSIFICATION = ("sale.odcs.yaml", "classification: confidential", "classification: secret", "secret")
BROKEN_RULE = (
    "customer_spend.odcs.yaml",
    "logicalTypeOptions: {maximum: 1000}",
    "quality: [{id: broken, type: sql, query: 'selec count(*) from ${table}', mustBe: 0, description: No query.}]",
    "query is not DuckDB SQL",
)
EDITS = (UNKNOWN_KEY, WRONG_TYPE, UNKNOWN_CLASSIFICATION, BROKEN_RULE)


def _spoil(root: Path, domain: str) -> dict[str, tuple[int, str]]:
    """Every contract gets one fault; returns file → line and a word of the message that is expected there."""
    folder = root / "domains" / domain / "src" / domain / "contracts"
    expected = {}
    for name, old, new, word in EDITS:
        text = (folder / name).read_text()
        assert old in text
        spoilt = text.replace(old, new, 1)
        (folder / name).write_text(spoilt)
        added = new.splitlines()[-1].strip()
        expected[name] = (next(n for n, line in enumerate(spoilt.splitlines(), 1) if added in line), word)
    twin = contract_text("top_customer").replace("shop", domain)
    (folder / "top_customer_again.odcs.yaml").write_text(twin)
    expected["top_customer_again.odcs.yaml"] = (0, "top_customer")
    return expected


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[int, str]]]:
    """A workspace with five faults in five contracts, and what is expected of each."""
    root = tmp_path_factory.mktemp("spoilt")
    sys.path.insert(0, str(write_workspace(root, "stall")))
    return root, _spoil(root, "stall")


@pytest.fixture(scope="module")
def message(spoilt: tuple[Path, dict[str, tuple[int, str]]]) -> str:
    """What the code location says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANKMESH_ROOT", str(spoilt[0]))
        patch.setenv("MESH_HOME", str(spoilt[0] / "mesh"))
        with pytest.raises(LocationNotLoaded) as caught:
            load_location("stall", "stall.definitions")
    return str(caught.value)


def _lines_about(message: str, file: str) -> list[str]:
    return [line for line in message.splitlines() if f"/{file}" in line.split(": ")[0]]


@pytest.mark.parametrize("file", [edit[0] for edit in EDITS])
def test_each_fault_is_told_with_file_and_line(message: str, spoilt, file: str) -> None:
    line, word = spoilt[1][file]
    (told,) = _lines_about(message, file)
    assert word in told
    assert f"/{file}:" in told
    where = int(told.split(f"/{file}:")[1].split(":")[0])
    assert abs(where - line) <= 1


def test_a_second_contract_of_one_product_and_major_has_no_place(message: str) -> None:
    (told,) = _lines_about(message, "top_customer_again.odcs.yaml")
    assert "/top_customer_again.odcs.yaml:3: " in told
    assert "the contract of top_customer, major 1, belongs in a file called top_customer.odcs.yaml" in told


def test_the_message_comes_first_and_is_no_stack_trace(message: str) -> None:
    first, second, *rest = message.splitlines()
    assert first == "The code location stall does not load."
    assert second.startswith("5 faults in 5 contracts")
    assert len(rest) == 5
    assert "Traceback" not in message


@pytest.mark.parametrize(
    "command",
    [["dagster", "definitions", "validate", "-m", "stall.definitions"], ["dg", "check", "defs", "--use-active-venv"]],
    ids=["dagster", "dg"],
)
def test_the_tools_of_dagster_tell_it_too(spoilt, message: str, command: list[str]) -> None:
    root, _ = spoilt
    environment = os.environ | {
        "BANKMESH_ROOT": str(root),
        "MESH_HOME": str(root / "mesh"),
        "PYTHONPATH": str(root / "domains/stall/src"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(Path(sys.executable).parents[1]),
        "DAGSTER_HOME": str(root),
    }
    (root / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    done = subprocess.run(
        command, cwd=root / "domains/stall", env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode != 0
    for fault in message.splitlines()[2:]:
        assert fault.strip() in told
