"""Map the metadata of a Match (a media file and its sidecar) to tags, and decide which tags of the file are kept."""
