"""The app as numbered questions, without screens."""
