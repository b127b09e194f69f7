"""The parts of a run, in the order in which `pipeline` lets a Folder go through them."""
