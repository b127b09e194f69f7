"""The terminal app. Textual is imported only in this package, and only in its modules that draw."""
