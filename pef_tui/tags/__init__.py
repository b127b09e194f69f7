"""From a Match to the tags its file should have, and what of it the file may keep."""
