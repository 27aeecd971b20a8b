"""Who reads a scaffolded product: its owner alone, until its contract lists roles and purposes."""

from bankmesh.access.registry.contract_names import find_contract_name_faults
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.scaffolding.product_scaffold import scaffold_product


def contract_of(settings, name):
    path = settings.root / f"domains/shop/src/shop/contracts/{name}.odcs.yaml"
    contract, faults = read_text(path.name, path.read_text(encoding="utf-8"))
    assert faults == ()
    return contract, path.read_text(encoding="utf-8")


def test_a_new_product_is_read_by_its_owner_alone_and_names_who_else_could(settings):
    (settings.root / "policies").mkdir()
    (settings.root / "policies/purposes.yaml").write_text("purposes:\n  selling: Selling.\n")
    (settings.root / "policies/roles.yaml").write_text(
        "roles:\n  clerk:\n    description: Sells.\n    clearance: internal\n    purposes: [selling]\n"
    )
    scaffold_product(settings, "shop.listed", "dbt", "shop.sale")
    contract, text = contract_of(settings, "listed")
    assert (contract.roles, contract.purposes) == ((), ())
    assert "  # Roles: data_owner, data_steward, governance_auditor, clerk.\n" in text
    assert "selling.\n" in text
    assert find_contract_name_faults(settings.root, [contract]) == ()
    assert max(map(len, text.splitlines())) <= 120


def test_a_new_product_of_a_workspace_without_roles_or_with_faulty_ones_is_still_written(settings):
    scaffold_product(settings, "shop.first", "dbt", "shop.sale")
    assert "This workspace lists no roles yet" in contract_of(settings, "first")[1]
    (settings.root / "policies").mkdir()
    (settings.root / "policies/roles.yaml").write_text("roles: [clerk]\n")
    scaffold_product(settings, "shop.second", "dbt", "shop.sale")
    assert "write roles" in contract_of(settings, "second")[1]


def test_a_new_product_keeps_the_subject_of_the_key_that_it_starts_with(settings):
    sale = settings.root / "domains/shop/src/shop/contracts/sale.odcs.yaml"
    old = "{name: sale_id, logicalType: integer, primaryKey: true, "
    assert old in sale.read_text()
    given = old + "customProperties: [{property: subject, value: receipt}], "
    sale.write_text(sale.read_text().replace(old, given, 1))
    written = scaffold_product(settings, "shop.listed", "dbt", "shop.sale")
    assert contract_of(settings, "listed")[0].subject_columns == {"sale_id": "receipt"}
    assert written.permission == ""
