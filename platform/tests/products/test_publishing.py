"""A run in which all is well: every clause told, every product published, every version explains itself."""

import json

import pytest
from bankmesh.ports import history
from shop_mesh import MONTHS, UNPARTITIONED, Mesh, Run

PRODUCTS = ("sale", "customer_spend", "top_customer", "opening_hour")


def test_happy(mesh: Mesh) -> None:
    import time

    t = time.time()
    r = mesh.run(*UNPARTITIONED)
    print(r.success, time.time() - t)
    t = time.time()
    for e in r.events:
        if e.is_failure:
            print(e.message, e.step_failure_data)
    r = mesh.run(*UNPARTITIONED)
    print(r.success, time.time() - t)
    t = time.time()
    r = mesh.run("monthly_sale", months=(MONTHS[0], MONTHS[-1]))
    print(r.success, time.time() - t)
    t = time.time()
    for e in r.events:
        if e.is_failure:
            print(e.message, e.step_failure_data)
    for p in (*PRODUCTS, "monthly_sale"):
        print(p, mesh.versions(p), mesh.rows(p), r.checks(p).keys())
    assert 0
