"""The report of a run: one page for a browser, with everything in it."""

from pef_tui.report_page.of_run import RunReport
from pef_tui.report_page.page import ReportPage
from pef_tui.report_page.place import LAST, last_report, report_problem

__all__ = ["LAST", "ReportPage", "RunReport", "last_report", "report_problem"]
