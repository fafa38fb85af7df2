"""The metrics page says what the registry says."""

from pathlib import Path

from passerby.metrics.registry import METRICS, Metric

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def row(metric: Metric) -> str:
    formula = metric.formula[0].upper() + metric.formula[1:]
    levels = ", ".join(metric.levels)
    return f"| `{metric.name}` | {metric.unit} | {levels} | {metric.combine} | {metric.description} {formula}. |"


def test_the_page_lists_every_metric_as_it_is():
    lines = PAGE.read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == [row(metric) for metric in METRICS.values()]
