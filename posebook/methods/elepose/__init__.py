"""ElePose (Wandt 2022), taught in 16_elepose."""
