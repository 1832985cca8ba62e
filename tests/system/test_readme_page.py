"""The README's page on adding one's own parts, followed literally in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text()
PAGE = README[README.index("## Add your own") : README.index("## Speed")]


def test_add_your_own(tmp_path):
    files = re.findall(r"`(mine/[^`]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert len(files) == 6
    for name, text in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    commands = re.search(r"```bash\n(.*?)```", PAGE, re.DOTALL)[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", commands], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert "residual" in done.stdout
    results = (tmp_path / "runs/springs/first/metrics.csv").read_text()
    assert "omega/same_energy" in results
    assert list((tmp_path / "runs/springs/first/evaluations").glob("*/results.json"))
