"""Puts back into photos and videos what a Google Photos export leaves in JSON files beside them."""

__version__ = "0.1.0"
