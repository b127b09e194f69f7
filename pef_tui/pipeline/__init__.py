"""A run, from its settings to its records: setup, stages, and the checks before and after them."""
