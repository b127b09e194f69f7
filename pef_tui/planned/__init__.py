"""What a preview found, kept so that a million files can be looked through, filtered and decided on."""

from pef_tui.planned.groups import Group, Groups
from pef_tui.planned.select import ORDERS, Filter, Order, ordered, select
from pef_tui.planned.store import FLAGS, JSON_WORDS, UNKNOWN, WORDS, Flag, Planned

__all__ = [
    "FLAGS",
    "JSON_WORDS",
    "ORDERS",
    "UNKNOWN",
    "WORDS",
    "Filter",
    "Flag",
    "Group",
    "Groups",
    "Order",
    "Planned",
    "ordered",
    "select",
]
