"""Kudo 2018, taught in 12_adversarial_lifting."""
