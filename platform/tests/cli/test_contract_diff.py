"""`mesh contract diff PRODUCT`: against a revision of git, and against what is published."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from shop_workspace import write_workspace

from bankmesh.ports import read_history

if TYPE_CHECKING:
    from pathlib import Path

SALE = "domains/shop/src/shop/contracts/sale.odcs.yaml"
SPEND = "domains/shop/src/shop/contracts/customer_spend.odcs.yaml"


def git(root: Path, *words: str) -> None:
    named = ["-c", "user.name=Jana", "-c", "user.email=jana@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", root, *named, *words], check=True, capture_output=True)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.fixture
def root(mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shop's workspace that a test may change; `mesh` works on it, with everything published."""
    made = tmp_path / "edited"
    write_workspace(made)
    monkeypatch.setenv("BANKMESH_ROOT", str(made))
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def repository(root: Path) -> Path:
    """The same in git, committed once."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "The shop.")
    return root


def rules(said) -> dict[str, bool]:
    return {change["rule"]: change["breaking"] for change in json.loads(said.out)}


def test_an_edit_against_the_last_commit(mesh, repository: Path) -> None:
    assert mesh("contract", "diff", "shop.sale", "--against", "HEAD", "--json").out.strip() == "[]"
    edit(repository / SALE, "physicalType: decimal(18,2)", "physicalType: decimal(12,2)")
    said = mesh("contract", "diff", "shop.sale", "--against", "HEAD", "--json")
    assert said.code == 1
    assert rules(said)["column-type-changed"]
    assert "BREAKING" in mesh("contract", "diff", SALE, "--against", "HEAD").out


def test_a_commit_before_the_last_one(mesh, repository: Path) -> None:
    edit(repository / SALE, "description: What was paid.", "description: What the customer paid.")
    git(repository, "commit", "-qam", "Words.")
    assert mesh("contract", "diff", "shop.sale@1", "--against", "HEAD~1", "--json").code == 0
    assert "description-changed" in rules(mesh("contract", "diff", "shop.sale", "--against", "HEAD~1", "--json"))
    assert rules(mesh("contract", "diff", "shop.sale", "--against", "HEAD", "--json")) == {}


def test_a_contract_that_was_moved_is_found_by_its_id(mesh, repository: Path) -> None:
    elsewhere = repository / "agreed" / "sale.odcs.yaml"
    elsewhere.parent.mkdir()
    git(repository, "mv", SALE, "agreed/sale.odcs.yaml")
    git(repository, "commit", "-qm", "Drafts lie apart.")
    (repository / SALE).write_text(elsewhere.read_text())
    edit(repository / SALE, "description: What was paid.", "description: What the customer paid.")
    assert "description-changed" in rules(mesh("contract", "diff", "shop.sale", "--against", "HEAD", "--json"))


def test_a_product_that_was_renamed_is_found_as_the_file_that_it_was(mesh, repository: Path) -> None:
    renamed = SPEND.replace("customer_spend", "spend")
    git(repository, "mv", SPEND, renamed)
    text = (repository / renamed).read_text()
    (repository / renamed).write_text(text.replace("customer_spend", "spend"))
    found = rules(mesh("contract", "diff", "shop.spend", "--against", "HEAD", "--json"))
    assert found["product-renamed"]


def test_a_contract_that_is_not_in_the_revision(mesh, repository: Path) -> None:
    new = repository / SALE.replace("sale.", "refund.")
    new.write_text((repository / SALE).read_text().replace("sale", "refund").replace("refund_id", "refund_number"))
    said = mesh("contract", "diff", "shop.refund", "--against", "HEAD")
    assert said.code == 1
    assert said.err.strip() == (
        f"mesh: shop.refund: {SALE.replace('sale.', 'refund.')} is not in HEAD, and no other contract there has its id or was "
        "renamed to it."
    )


@pytest.mark.parametrize("revision", ["v9", "--help", "HEAD~7"])
def test_a_revision_that_git_does_not_know(mesh, repository: Path, revision: str) -> None:
    said = mesh("contract", "diff", "shop.sale", f"--against={revision}")
    assert said.code == 1
    assert said.err.strip() == f"mesh: shop.sale: the git repository {repository} has no revision {revision}."


def test_outside_a_repository(mesh, root: Path) -> None:
    said = mesh("contract", "diff", "shop.sale", "--against", "HEAD")
    assert said.code == 1
    assert said.err.strip() == f"mesh: shop.sale: {(root / SALE).parent} is not in a git repository."


def test_without_git(mesh, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    said = mesh("contract", "diff", "shop.sale", "--against", "HEAD")
    assert said.code == 1
    assert said.err.strip() == "mesh: shop.sale: git is not installed, so there is no revision to compare with."


def test_a_revision_whose_contract_has_faults(mesh, repository: Path) -> None:
    good = (repository / SALE).read_text()
    edit(repository / SALE, "status: active", "status: asleep")
    git(repository, "commit", "-qam", "Asleep.")
    (repository / SALE).write_text(good)
    said = mesh("contract", "diff", "shop.sale", "--against", "HEAD")
    assert said.code == 1
    assert f"HEAD:{SALE}:7" in said.err


def test_against_what_is_published(mesh, root: Path) -> None:
    assert mesh("contract", "diff", "shop.sale").code == 0
    edit(root / SALE, "physicalType: decimal(18,2)", "physicalType: decimal(12,2)")
    for words in ((), ("--against", "published")):
        said = mesh("contract", "diff", "shop.sale", *words, "--json")
        assert said.code == 1
        assert rules(said)["column-type-changed"]


def test_a_contract_of_which_nothing_is_published(mesh, root: Path) -> None:
    new = root / SALE.replace("sale.", "refund.")
    new.write_text((root / SALE).read_text().replace("sale", "refund"))
    said = mesh("contract", "diff", "shop.refund")
    assert said.code == 1
    assert "shop.refund: it has no published version to compare with." in said.err


def test_a_published_contract_that_was_not_kept(mesh, root: Path, published) -> None:
    port = published.port("sale")
    for kept in (port.path / "_contracts").iterdir():
        kept.unlink()
    said = mesh("contract", "diff", "shop.sale")
    assert said.code == 1
    assert f"the contract of version {read_history(port)[0].version} was not stored" in said.err


def test_two_files_take_no_revision(mesh, root: Path) -> None:
    said = mesh("contract", "diff", SALE, SALE, "--against", "HEAD")
    assert said.code == 2
    assert "--against requires a product" in said.err


def test_a_product_that_is_not_there(mesh, root: Path) -> None:
    said = mesh("contract", "diff", "shop.sales")
    assert said.code == 2
    assert "Did you mean shop.sale?" in said.err
