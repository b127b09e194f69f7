"""Make Plans from the files of a Folder: match sidecars, find duplicates, assign output names, select tags."""
