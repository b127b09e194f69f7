"""`--anonymise`: list an export for a bug report, with all words replaced.

`letters` replaces letters and digits, `names` file names and texts, `json_values` the content of JSON files; `listing`
writes the file. `pef_tui.testing.rebuild` makes a tree with placeholders from it.
"""
