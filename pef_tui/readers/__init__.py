"""Detect the formats of media files and read their tags, before anything is written."""
