"""Figures drawn with the characters of a terminal: plain functions that give lines of text."""

from pef_tui.charts.bars import Bar, bars, bytes_words
from pef_tui.charts.months import months
from pef_tui.charts.world import WORLD, View, fitted, world

__all__ = ["WORLD", "Bar", "View", "bars", "bytes_words", "fitted", "months", "world"]
