"""Properties of parts of the hardware, proved for all inputs by the SAT solver of yosys.

In comes a generator of random numbers, which draws widths and kinds. Out goes a :class:`Proof`, which holds for every
value of every input, or the cycle in which the property fails. :data:`PROPERTIES` names all of them.
"""

import random
from collections.abc import Callable, Mapping

from ceprop.verification.formal.arithmetic import clipping, new_state, saturation
from ceprop.verification.formal.dispatcher import replies
from ceprop.verification.formal.proof import Proof, Property, UndecidedError, prove
from ceprop.verification.formal.streams import fifo, granule_splitter, pipeline_register, stream_crossing

PROPERTIES: Mapping[str, Callable[[random.Random], Property]] = {
    function.__name__: function
    for function in (
        *(new_state, clipping, saturation),
        *(pipeline_register, fifo, granule_splitter, stream_crossing, replies),
    )
}
"""For each property, the function that draws one of its forms."""

__all__ = ["PROPERTIES", "Proof", "Property", "UndecidedError", "prove"]
