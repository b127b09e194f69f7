"""Read exports: directories, zip and tar archives."""
