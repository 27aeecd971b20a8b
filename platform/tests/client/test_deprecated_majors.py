"""A deprecated major: who names no major reads the next one, who names it is told when it ends and what to read."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import pytest
from shop_workspace import at_stage, contract_text, deprecated_text

from bankmesh import DataMeshClient, DeprecatedMajor
from bankmesh.client import deprecation_warning
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import NotPublished
from bankmesh.workspace.deprecation import deprecation_of

if TYPE_CHECKING:
    from pathlib import Path

    from shop_mesh import Mesh

NOTICE = "shop.sale is deprecated and supported until 2027-06-30. Read shop.sale@2 instead."


@pytest.fixture
def client(published: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataMeshClient:
    """A mesh in which sale has two majors: the first deprecated and published twice, the second published once."""
    root = tmp_path / "workspace"
    shutil.copytree(published.settings.root, root)
    contracts = root / "domains/shop/src/shop/contracts"
    (contracts / "sale.odcs.yaml").write_text(deprecated_text("sale"))
    (contracts / "sale.v2.odcs.yaml").write_text(contract_text("sale", "2.0.0"))
    ports = published.settings.home / "ports" / "shop" / "sale"
    shutil.copytree(ports / "v1", ports / "v2")
    assert published.run("sale").success
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    monkeypatch.setattr(deprecation_warning, "_TOLD", set())
    return DataMeshClient(root, published.settings.home)


def test_readers_get_the_second_major_without_a_warning(client: DataMeshClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        product = client.get_data_product("shop", "sale")
    assert (product.contract.port, product.version) == ("shop.sale@2", 0)
    assert client.contract("shop.sale").major == 2
    assert client.get_data_product("shop", "sale@2").contract.port == "shop.sale@2"
    assert [version["version"] for version in client.history("shop.sale")] == [0]


def test_who_names_the_first_major_gets_it_and_is_told_of_its_end(client: DataMeshClient) -> None:
    with pytest.warns(DeprecatedMajor) as told:
        product, _ = [client.get_data_product("shop", "sale", major=1, version=version) for version in (1, 0)]
    assert (product.contract.port, product.version, product.to_polars().height) == ("shop.sale", 1, 4)
    (warning,) = told
    assert str(warning.message) == NOTICE
    assert warning.filename == __file__  # it points at the reader's line, not at ours
    assert warning.message.deprecation.consumers == ("shop-window", "tax-office")
    assert issubclass(DeprecatedMajor, DeprecationWarning)


def test_nothing_is_said_of_a_version_that_is_not_there(client: DataMeshClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NotPublished):
            client.get_data_product("shop", "sale", major=1, version=9)


def test_both_majors_are_listed_with_the_end_of_the_first(client: DataMeshClient) -> None:
    first, second = (s.to_json() for s in client.products("shop") if s.contract.product == "shop.sale")
    assert (first["major"], first["status"], second["major"], second["status"]) == (1, "deprecated", 2, "active")
    assert (first["end_of_support"], first["replaced_by"]) == ("2027-06-30", "shop.sale@2")
    assert (second["end_of_support"], second["replaced_by"]) == (None, None)
    assert [contract.port for contract in client.majors("shop.sale")] == ["shop.sale", "shop.sale@2"]


# Not the main module, from which Python shows deprecations anyway.
READER = """
from bankmesh import DataMeshClient

def read():
    return DataMeshClient(ROOT, HOME).get_data_product("shop", "sale", major=1).rows
"""
MAIN = """
import warnings
import reader
from bankmesh import DeprecatedMajor
SAID
for _ in range(3):
    assert reader.read() == 4
"""


def read_thrice(
    client: DataMeshClient, folder: Path, *options: str, said: str = ""
) -> subprocess.CompletedProcess[str]:
    settings = client._settings
    names = {"ROOT": repr(str(settings.root)), "HOME": repr(str(settings.home))}
    text = READER
    for name, value in names.items():
        text = text.replace(name, value)
    (folder / "reader.py").write_text(text)
    (folder / "main.py").write_text(MAIN.replace("SAID", said))
    command = [sys.executable, *options, str(folder / "main.py")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_process_is_told_once_even_where_python_hides_deprecations(client: DataMeshClient, tmp_path: Path) -> None:
    done = read_thrice(client, tmp_path)
    assert done.returncode == 0
    assert done.stderr.count(NOTICE) == 1
    assert "reader.py:5: DeprecatedMajor" in done.stderr


def test_what_the_reader_says_about_warnings_goes_first(client: DataMeshClient, tmp_path: Path) -> None:
    assert read_thrice(client, tmp_path, "-W", "ignore").stderr == ""
    assert read_thrice(client, tmp_path, said='warnings.simplefilter("ignore", DeprecatedMajor)').stderr == ""
    refused = read_thrice(client, tmp_path, said='warnings.simplefilter("error", DeprecatedMajor)')
    assert refused.returncode == 1
    assert f"DeprecatedMajor: {NOTICE}" in refused.stderr


def test_a_contract_that_names_no_successor_says_no_more_than_it_knows(tmp_path: Path) -> None:
    file = tmp_path / "sale.odcs.yaml"
    file.write_text(at_stage(contract_text("sale", "1.1.0"), "deprecated"))
    ending = deprecation_of(read_contract(file))
    assert ending is not None
    assert ending.notice == "shop.sale is deprecated and supported until 2027-06-30."
    assert ending.paragraph == f"**Deprecated**: {ending.notice}"


def test_an_active_contract_has_no_end(tmp_path: Path) -> None:
    file = tmp_path / "sale.odcs.yaml"
    file.write_text(contract_text("sale", "1.0.0"))
    assert deprecation_of(read_contract(file)) is None
