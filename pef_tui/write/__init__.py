"""Putting Plans into files: private copies, the writers, the commit of a batch."""
