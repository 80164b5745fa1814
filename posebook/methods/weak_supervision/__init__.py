"""A picture to 3D with 2D labels in the mix (Zhou 2017), taught in 10_weak_supervision."""
