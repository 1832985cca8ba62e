import io

from rich.console import Console

from physml.report.tables import metrics_table


def printed(table):
    console = Console(width=100, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_each_metric_has_its_line_with_uncertainty_and_unit():
    metrics = {
        "resolution": {"value": 0.123456, "uncertainty": 0.00789, "unit": "GeV"},
        "accuracy": {"value": 0.5, "uncertainty": 0.01, "unit": ""},
    }
    lines = printed(metrics_table("moons: trained in 3 s", metrics)).splitlines()
    assert lines[0].strip() == "moons: trained in 3 s"
    assert any(all(word in line for word in ("resolution", "0.1235", "0.0079", "GeV")) for line in lines)
    assert any(all(word in line for word in ("accuracy", "0.5", "0.01", "–")) for line in lines)


def test_numbers_that_are_none_are_shown():
    text = printed(metrics_table("", {"error": {"value": float("nan"), "uncertainty": float("inf"), "unit": "m"}}))
    assert "nan" in text
    assert "inf" in text
    text = printed(metrics_table("", {"loss": {"value": 0.25, "uncertainty": float("nan"), "unit": ""}}))
    assert "nan" not in text


def test_no_statistical_uncertainty_is_not_shown_as_exactness():
    metrics = {name: {"value": 1.0, "uncertainty": value, "unit": ""} for name, value in (("a", 0.0), ("b", 0.5))}
    columns = metrics_table("x", metrics).columns
    assert list(columns[2].cells) == ["–", "0.5"]
