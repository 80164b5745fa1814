"""Yu 2021, taught in 15_ambiguity_aware."""
