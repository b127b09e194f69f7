"""Carry out Plans in batches: in threads, in processes, and on other machines."""
