"""The reports of a run: JSON lines, summary, statistics, charts and the HTML report."""
