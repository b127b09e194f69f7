"""The HTML report of a run: one page that needs no other files."""

from pef_tui.reporting.html.page import ReportPage
from pef_tui.reporting.html.report_file import LAST_REPORT, last_report, report_problem
from pef_tui.reporting.html.run_report import RunReport

__all__ = ["LAST_REPORT", "ReportPage", "RunReport", "last_report", "report_problem"]
