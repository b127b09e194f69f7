"""Texts and rows that the screens show."""
