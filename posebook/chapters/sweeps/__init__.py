"""A grid of runs of chapters: one folder, one run a cell, on dask.

grid      which cells: what was typed, or a small file that names chapters and parameters
folder    where each cell's run lies, and how far it is
cell      one cell on a worker: a process of its own, which ends with the worker
running   the command's side: a cluster or a scheduler, and what becomes of every cell
progress  what is told meanwhile
"""
