"""One folder a chapter, under the chapter's name: network, losses, step, and what else is its own.

A chapter trains with the code that it shows in its core cells. The same code stands here, for
other chapters, tools and benchmarks; `tests/test_parity.py` holds both equal. Three chapters import
one part instead of showing it whole, and say so: 7 its network, 15 its step, 16 its flow.
`supervised_losses` has the losses that need the truth; several chapters use them.
"""
