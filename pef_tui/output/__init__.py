"""Carry out Plans: make staged copies, let the writers put tags into them, and commit the copies in batches."""
