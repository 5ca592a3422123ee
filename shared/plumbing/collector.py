"""The garbage collector, told what kind of program this is.

A consumer makes hundreds of thousands of objects a second that die by reference counting alone.
The default looks for cycles among them every 700 objects and costs a third of the rate.
"""

import gc


def calm() -> None:
    """Leave what is loaded out of collections, and collect rarely. Call once, after the imports."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
