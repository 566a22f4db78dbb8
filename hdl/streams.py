"""Signatures of streams."""

from typing import Any

from amaranth.lib import stream


def stream_of(payload: Any) -> stream.Signature:
    """The signature of a stream whose payload has the shape `payload`: a layout, a number of bits, or any other shape.
    (Amaranth's annotation of it names a class of which a type checker sees no shape as an instance.)"""
    return stream.Signature(payload)
