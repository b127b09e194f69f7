"""Load plugins, call their hooks, and contain their failures."""
