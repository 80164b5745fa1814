"""What the tools share that train and measure the shipped lifters of data/lifters.

`views` has single frames as a detector and a camera give them, `moving_people` people in motion,
`window_views` windows of that motion, `training` the loss and the mean of the weights, `reports`
what both reports need.
"""
