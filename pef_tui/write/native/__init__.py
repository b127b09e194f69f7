"""Writing tags without ExifTool: only the bytes that hold tags are made anew, everything else is moved as it is."""
