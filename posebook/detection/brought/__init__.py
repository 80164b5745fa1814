"""Networks that the user brings, in files of others' formats: ONNX and TensorFlow Lite.

`files` loads one, `kinds` tells what kind it is, `networks` runs it in a process of its own,
`inputs` says how it takes pictures, `answers` and `people_rows` what its numbers mean; `top_down`
and `whole_pictures` make a detector of it. `data/detectors/onnx.md` says which exports were tried.
"""

from posebook.detection.brought.files import is_one, load

__all__ = ["is_one", "load"]
