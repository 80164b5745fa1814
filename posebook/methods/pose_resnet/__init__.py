"""Pose ResNet (Xiao 2018, as bzhao96 uses it), taught in 09_pose_resnet."""
