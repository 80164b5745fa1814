"""Pavllo 2019, taught in 07_temporal_convolutions."""
