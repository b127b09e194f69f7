"""Charts made of the characters of a terminal. The functions return the charts as lines of text."""

from pef_tui.reporting.charts.bars import Bar, bars, size_text
from pef_tui.reporting.charts.columns import columns
from pef_tui.reporting.charts.months import months
from pef_tui.reporting.charts.world import WORLD, View, fit_view, world

__all__ = ["WORLD", "Bar", "View", "bars", "columns", "fit_view", "months", "size_text", "world"]
