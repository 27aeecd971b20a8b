"""One Marquez for all tests of this folder, and one mesh that told it of a whole run and of one that failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from marquez.jars import NoMarquezError
from marquez.reading import Marquez
from marquez.server import running_marquez

ROOT = Path(__file__).parents[2]
MESH = Path(sys.executable).with_name("mesh")
SCALE = "0.01"


def pytest_collection_modifyitems(config, items):
    """Only for those who ask: they need Maven, Java and minutes."""
    if "marquez" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("marquez") and item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason="only with -m marquez"))


@pytest.fixture(scope="session")
def marquez(tmp_path_factory):
    try:
        with running_marquez(tmp_path_factory.mktemp("marquez")) as address:
            yield Marquez(address)
    except NoMarquezError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def told(marquez, tmp_path_factory):
    """A mesh that was run, damaged, run again in part, and whose events were all sent."""
    folder = tmp_path_factory.mktemp("mesh")
    exports, home = folder / "exports", folder / "mesh"
    _checked([sys.executable, "-m", "demo_bank", "--scale", SCALE, "--seed", "1", "--out", str(exports)], {})
    environment = {
        "MESH_HOME": str(home),
        "BANKMESH_ROOT": str(ROOT),
        "BANK_DATA": str(exports),
        "OPENLINEAGE_URL": marquez.address,
    }
    _checked([MESH, "run"], environment)
    _checked([sys.executable, "-m", "demo_bank.corrupt", str(exports), "orphan-account"], {})
    again = _run_again(environment)
    _checked([MESH, "lineage", "forward", "--seconds", "900"], environment)
    return SimpleNamespace(marquez=marquez, home=home, exports=exports, environment=environment, again=again)


def _run_again(environment: dict[str, str]) -> object:
    """Loans once more, of which one now belongs to no account. Returns the outcome."""
    from bankmesh.orchestration.asset_keys import landing_key
    from bankmesh.orchestration.instance import open_instance
    from bankmesh.orchestration.runner.local_runner import run_everything
    from bankmesh.settings import current_settings

    class Silent:
        def started(self, step):
            """Nothing to say."""

        def finished(self, step, notes):
            """Nothing to say."""

        def decided(self, unchanged):
            """Nothing to keep."""

        def failed(self, step, message):
            """Nothing to say."""

    only = [landing_key("retail", "core_banking", "loan").to_user_string(), "retail/loan_applications"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = current_settings(ROOT)
        with open_instance(settings) as instance:
            return run_everything(settings.root, instance, Silent(), only)


def _checked(command: list[object], environment: dict[str, str]) -> str:
    run = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{command}: {run.stdout[-2000:]}\n{run.stderr[-3000:]}"
    return run.stdout
