"""Published data sets, read from the files that their makers or others hand out."""
