from pathlib import Path

import physml
from physml.runs.configs import config_directory


def test_the_configs_lie_beside_the_package_or_at_the_root_of_the_clone(tmp_path, monkeypatch):
    assert (config_directory() / "train.yaml").is_file()
    package = tmp_path / "src" / "physml"
    package.mkdir(parents=True)
    monkeypatch.setattr(physml, "__file__", str(package / "__init__.py"))
    assert config_directory() == tmp_path / "configs"
    (package / "configs").mkdir()
    assert config_directory() == Path(package / "configs")
