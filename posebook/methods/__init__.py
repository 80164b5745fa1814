"""One folder a chapter, under the chapter's name: network, losses, step, and what else is its own.

A chapter trains with the core that it shows. The package's twin of that core, such as
`repnet.step`, is what other chapters, tools and benchmarks import; `tests/test_parity.py` holds the
two equal. Three chapters train with a part of the package's and say so: 7 (the network), 15 (the
step) and 16 (the flow). `supervised_losses` has the losses that need the truth; several chapters
use them.
"""
