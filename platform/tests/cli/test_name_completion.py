"""What the shell completes at Tab: commands, and the names of products, domains, landings and columns."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

PRODUCTS = [f"shop.{name}" for name in ("customer_spend", "monthly_sale", "opening_hour", "sale", "top_customer")]
LANDINGS = ["shop.landing.till_hour", "shop.landing.till_sale"]
HEAVY = ("dagster", "dbt", "deltalake", "duckdb", "great_expectations", "pandas", "polars", "pyarrow", "sqlglot")
PROGRAM = f"""\
import sys
from bankmesh.cli.main import main
try:
    main()
finally:
    print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""


@pytest.fixture
def complete(mesh, monkeypatch):
    """The words that bash is offered for the last of some words, and the exit code."""

    def offered(*words: str) -> list[str]:
        typed = ["mesh", *words]
        for name, value in {
            "_MESH_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(typed), "COMP_CWORD": str(len(words))
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        said = mesh()
        assert (said.code, said.err) == (0, "")
        return said.out.split()

    return offered


@pytest.mark.parametrize(
    "command",
    [
        ("get",), ("test",), ("export",), ("withdraw",), ("rollback",), ("resume",), ("catalog", "show"),
        ("contract", "move"), ("contract", "archive"), ("contract", "diff"), ("contract", "coverage"),
        ("contract", "move", "shop.sale", "deprecated", "--replaced-by"),
    ],
)  # fmt: skip
def test_products(complete, command) -> None:
    assert complete(*command, "shop.") == PRODUCTS
    assert complete(*command, "shop.m") == ["shop.monthly_sale"]
    assert complete(*command, "nothing") == []


def test_domains_and_scorecards(complete) -> None:
    assert complete("products", "--domain", "") == ["shop"]
    assert complete("search", "--domain", "s") == ["shop"]
    assert complete("scorecard", "sho") == ["shop", *PRODUCTS]


def test_landings_where_a_command_takes_them(complete) -> None:
    for command in ("rejects", "show"):
        assert complete(command, "shop.") == [*PRODUCTS, *LANDINGS]
    assert complete("run", "shop.l") == LANDINGS
    assert complete("new", "product", "shop.other", "--from", "shop.") == [*PRODUCTS, *LANDINGS]
    assert complete("run", "shop.sale", "+shop.s") == ["+shop.sale"]
    for command in (("run",), ("rejects",), ("show",), ("new", "product", "shop.other", "--from")):
        assert complete(*command, "till.") == ["till.hour", "till.sale"]
    assert complete("run", "+till.h") == ["+till.hour"]


def test_columns_where_a_command_takes_them(complete) -> None:
    assert complete("lineage", "shop.customer_spend.t") == ["shop.customer_spend.total"]
    assert complete("lineage", "of", "shop.customer_spend@1.t") == ["shop.customer_spend@1.total"]
    assert complete("lineage", "of", "shop.cust") == ["shop.customer_spend"]
    assert complete("get", "shop.customer_spend", "--columns", "customer_id,t") == ["customer_id,total"]
    assert "customer_id" in complete("get", "shop.customer_spend", "--columns", "")


def test_commands_and_options(complete) -> None:
    assert complete("sea") == ["search"]
    assert {"run", "lineage", "products"} <= set(complete(""))
    assert complete("--ver") == ["--version"]
    assert complete("serch", "") == []
    assert complete("lineage", "for") == ["forward"]
    assert complete("lineage", "shop.sale.amount", "--dow") == ["--downstream"]
    assert complete("run", "--up") == ["--upstream"]


def test_names_of_a_file_with_faults(complete, published, request) -> None:
    contract = published.settings.root / "domains/shop/src/shop/contracts/opening_hour.odcs.yaml"
    sources = published.settings.root / "domains/shop/src/shop/sources/till.yaml"
    for file in (contract, sources):
        request.addfinalizer(partial(file.write_text, file.read_text()))
        file.write_text("{")
    assert complete("get", "shop.o") == ["shop.opening_hour"]
    assert complete("lineage", "shop.opening_hour.") == []
    assert complete("lineage", "shop.customer_spend.t") == ["shop.customer_spend.total"]
    assert complete("run", "shop.l") == []


@pytest.mark.parametrize("home", ["file", "a[b]"])
def test_a_workspace_or_home_that_cannot_be_used_completes_no_name(complete, monkeypatch, tmp_path, home) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MESH_HOME", str(tmp_path / home))
    assert complete("show", "shop.") == []
    assert complete("sho") == ["show"]
    monkeypatch.delenv("MESH_HOME")
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path / "nowhere"))
    assert complete("show", "shop.") == []
    monkeypatch.delenv("BANKMESH_ROOT")
    monkeypatch.chdir(tmp_path)
    assert complete("show", "shop.") == []


@pytest.mark.parametrize("words", ["show shop.m", "lineage shop.monthly_sale.m", "run shop.landing.t"])
def test_no_large_library_is_imported(mesh, words) -> None:
    typed = {"_MESH_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | typed | {"_TYPER_COMPLETE_ARGS": f"mesh {words}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *found, loaded = done.stdout.splitlines()
    assert found
    assert (loaded, done.stderr) == ("[]", "")


def test_each_shell_reads_its_own_form(mesh, monkeypatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "mesh show shop.m")
    monkeypatch.setenv("_MESH_COMPLETE", "complete_zsh")
    assert mesh().out == "_arguments '*: :((\"shop.monthly_sale\"))'\n"
    monkeypatch.setenv("_MESH_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    assert mesh().out == "shop.monthly_sale\n"
    for shell in ("bash", "zsh", "fish"):
        monkeypatch.setenv("_MESH_COMPLETE", f"source_{shell}")
        said = mesh()
        assert f"_MESH_COMPLETE=complete_{shell}" in said.out
        assert (said.code, said.err) == (0, "")


def test_bash_itself(mesh, published) -> None:
    script = """
        source <(_MESH_COMPLETE=source_bash mesh)
        COMP_WORDS=(mesh show shop.m) COMP_CWORD=2
        _mesh_completion mesh
        echo "${COMPREPLY[@]}"
    """
    programs = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("shop.monthly_sale\n", "")
