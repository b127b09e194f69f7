"""The terminal app: the only folder that imports Textual, and only in the modules that draw."""
