"""The temporal network with a critic (bzhao96), taught in 14_video_gan."""
