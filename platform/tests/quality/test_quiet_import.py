"""Great Expectations without its side effects: what its first import leaves in a process."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from bankmesh.quality.gx_import import calm_import

with calm_import():
    from bankmesh.quality import suite_validation
    from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as divergence

print("scipy.stats._distn_infrastructure" in sys.modules)
print(round(divergence.stats.entropy([0.5, 0.5], [0.25, 0.75]), 6))
print("scipy.stats._distn_infrastructure" in sys.modules)
"""


def test_statistics_are_loaded_by_the_expectations_that_need_them() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    # By hand: 0.5 ln(0.5/0.25) + 0.5 ln(0.5/0.75) = 0.143841.
    assert found.stdout.split() == ["False", "0.143841", "True"]
