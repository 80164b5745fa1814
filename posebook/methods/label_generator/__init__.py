"""Wang 2019, taught in 11_label_generator."""
