"""People in pictures: rendered, and read from published sets."""
