"""The garbage collector, told what kind of program this is.

A consumer makes hundreds of thousands of objects a second that die by reference counting alone.
The default looks for cycles among them every 700 objects and costs a third of the rate.
"""

import gc


def settle() -> None:
    """Leave what is loaded out of collections. Call once, after the imports."""
    # What the program is made of stays as long as it runs: the collector need not walk it each time
    # in the middle of somebody's request.
    gc.collect()
    gc.freeze()


def rarely() -> None:
    """Look for cycles rarely: for a program whose objects nearly all die without."""
    gc.set_threshold(100_000, 20, 50)
