"""Processes of this machine that work on calls: an executor as `concurrent.futures` has them."""
