"""State that the screens share: settings, survey, preview, run and tasks."""
