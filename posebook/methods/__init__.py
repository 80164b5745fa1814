"""One folder a chapter, under the chapter's name: network, losses, step, and what else is its own.

`supervised_losses` has the losses that need the truth; several chapters use them.
"""
