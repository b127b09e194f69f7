"""What Google writes: sources, the naming rule, sidecar JSON, matching, languages."""
