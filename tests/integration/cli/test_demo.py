"""What does this test do? It runs the demo as anybody would, and believes its exit code only if its figures say the same.

How? As a subprocess with its own broker and store in a temporary folder, 25 seconds of shoppers, the summary as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.cli.machine import EBBTIDE, ROOT


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_adds_up_and_somebody_leaves_because_time_passed(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("EBBTIDE_") or name == "EBBTIDE_HOME"}
    command = [*EBBTIDE, "demo", "--seconds", "25", "--data", str(tmp_path / "data"), "--json"]

    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=280, check=False)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    summary = json.loads(done.stdout)
    events, transitions = summary["events"], summary["transitions"]
    assert events["accepted"] == events["applied"] + events["duplicates"] + events["dead_letters"] > 1000
    assert transitions["published"] == transitions["received"] > 50
    assert transitions["bad_signatures"] == 0
    assert summary["timed_exits"]["count"] >= 1
