"""Pictures of people to learn from: rendered ones, and readers of real ones."""
