"""Martinez 2017, taught in 06_simple_baseline."""
