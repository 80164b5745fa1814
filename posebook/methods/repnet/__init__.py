"""RepNet (Wandt 2019, and as bzhao96 trains it), taught in 13_repnet."""
