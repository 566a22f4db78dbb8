"""A network as what the core's memories hold: regions of groups, and groups as bytes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ceprop.boards.snapshot_form import stretches
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Space
from ceprop.model import Network
from ceprop.sim.codec import Codec, sign_extend
from ceprop.specification import Edge, Geometry
from ceprop.specification.placement import neuron_words, neurons_of, weight_words, weights_of


@dataclass(frozen=True)
class Region:
    """Groups at the addresses from 0 to `count - 1`: the weights of a column of cells (`lane`), or what an edge's
    neurons have, on the column edge or the row edge."""

    space: Space
    count: int
    lane: int = 0
    column: bool = False


@dataclass(frozen=True)
class Memories:
    """The memories of a core that learning changes."""

    geometry: Geometry

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """All of them, in the order of a snapshot."""
        return tuple(Region(space, count, lane, column) for space, column, lane, count in stretches(self.geometry))

    @cached_property
    def state_regions(self) -> tuple[Region, ...]:
        """The states of the neurons. They lie at the addresses of the biases."""
        return tuple(replace(region, space=Space.STATE) for region in self.regions if region.space == Space.BIAS)

    def words_of(self, network: Network) -> dict[Region, np.ndarray]:
        """Words of every region, int64 of shape (count, lanes), not yet cut to their bits."""
        weights = weight_words(self.geometry, [*network.weights, *network.backward])
        neurons = {Space.BIAS: network.biases, Space.GENERATOR: network.generators}
        return {
            region: weights[region.lane]
            if region.space == Space.WEIGHT
            else neuron_words(self.geometry, self._edge(region), neurons[region.space])
            for region in self.regions
        }

    def network_of(self, words: dict[Region, np.ndarray]) -> Network:
        """The network in the words of all regions, int64 (count, at least the lanes), of which the low bits count."""
        g = self.geometry
        bits = g.specification.formats.weight_bits
        columns = [words[region][:, : g.rows] for region in self.regions if region.space == Space.WEIGHT]
        weights = [array.astype(np.int32) for array in weights_of(g, sign_extend(np.stack(columns), bits))]
        biases = [sign_extend(values, bits).astype(np.int32) for values in self._neurons(words, Space.BIAS)]
        generators = [values.astype(np.uint32) for values in self._neurons(words, Space.GENERATOR)]
        count = len(g.connections)
        return Network(g.specification, weights[:count], biases, generators, weights[count:])

    def states_of(self, words: dict[Region, np.ndarray]) -> list[np.ndarray]:
        """The states of each layer in the words of `state_regions`, int64 (count, at least the lanes), of which the low
        bits count."""
        mask = (1 << self.geometry.specification.formats.state_bits) - 1
        return [values & mask for values in self._neurons(words, Space.STATE)]

    def _neurons(self, words: dict[Region, np.ndarray], space: Space) -> list[np.ndarray]:
        found: dict[Edge, np.ndarray] = {"row": np.zeros((0, 1), np.int64), "column": np.zeros((0, 1), np.int64)}
        for region in words:
            if region.space == space:
                lanes = self.geometry.cols if region.column else self.geometry.rows
                found[self._edge(region)] = np.ascontiguousarray(words[region][:, :lanes])
        return neurons_of(self.geometry, found["row"], found["column"])

    @staticmethod
    def _edge(region: Region) -> Edge:
        return "column" if region.column else "row"


class GroupCodec:
    """Groups of words as bytes: the `words` of the core's command and response streams, in whole bytes.

    Fields
    ------
    size : int
        Bytes of a group.
    """

    def __init__(self, geometry: Geometry):
        ports = Ports(geometry)
        words = ports.words
        self._bits = ports.word_bits
        self.size = ports.group_bytes
        field = {"name": "words", "offset": 0, "bits": words.size, "length": words.length}
        self._codec = Codec({"bits": words.size, "fields": [field]})

    def pack(self, words: np.ndarray) -> list[bytes]:
        """One group a row of `words`, int64 (n, lanes); their low bits are taken."""
        rows = (words & ((1 << self._bits) - 1)).tolist()
        return [self._codec.pack(words=row).to_bytes(self.size, "little") for row in rows]

    def unpack(self, groups: Iterable[bytes]) -> np.ndarray:
        """Words of groups, int64 (n, words of a group)."""
        return self._codec.unpack([int.from_bytes(group, "little") for group in groups], "words")
