"""Tools for tests of the program and of plugins: make small media files and exports, and call single tag mappers."""

from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.films import film
from pef_tui.testing.jpeg import iptc_block, jpeg, motion_photo, xmp_packet
from pef_tui.testing.mappers import made_match, run_mapper
from pef_tui.testing.media import MAKERS, make, oddities
from pef_tui.testing.naming import media_name, sidecar_name
from pef_tui.testing.running import Ran, plugin_host, run_plugin

__all__ = [
    "MAKERS",
    "Exif",
    "Item",
    "Ran",
    "film",
    "iptc_block",
    "jpeg",
    "made_match",
    "make",
    "media_name",
    "motion_photo",
    "oddities",
    "plugin_host",
    "run_mapper",
    "run_plugin",
    "sidecar",
    "sidecar_name",
    "takeout",
    "xmp_packet",
]
