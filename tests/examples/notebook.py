"""A notebook as a script: each cell begins with `# %%`. It paints a frame of the demo scene and shows three looks of it."""

# %% A frame, a model, and the styles that come with the program
import numpy as np
from PIL import Image

import realtime

with realtime.open_source("demo", (320, 240)) as source:
    frame = next(iter(source)).picture  # uint8, H×W×3, BGR

stylizer = realtime.Stylizer("lite")
library = realtime.StyleLibrary(stylizer)
print(", ".join(library.names))

# %% One style, and two of them mixed
wave, glass = library.code("wave"), library.code("glass")
painted = stylizer(frame, wave, strength=0.8)
mixed = stylizer(frame, wave.blend(glass, 0.5))

# %% A look with everything: the pipeline paints frame after frame with it
look = realtime.Look((("wave", 0.7), ("glass", 0.3)), own_colours=0.5)
pipeline = realtime.Pipeline(stylizer, library.code)
result = pipeline.paint(realtime.Frame(frame, 0.0), look).picture

# %% Side by side; a notebook shows the last line of a cell
shown = np.hstack([frame, painted, mixed, result])[:, :, ::-1]
Image.fromarray(shown)
