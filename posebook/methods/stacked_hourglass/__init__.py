"""Stacked hourglass (Newell 2016, as Zhou 2017 uses it), taught in 08_stacked_hourglass."""
