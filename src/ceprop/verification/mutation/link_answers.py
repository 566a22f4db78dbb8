"""The answers of a board to the script of requests, compared with what the protocol and the model say."""

import struct

from ceprop.boards.host.frames import FrameDecoder
from ceprop.boards.host.memories import GroupCodec, Memories
from ceprop.boards.protocol import HEAD_BYTES, REPLY, Command
from ceprop.verification.mutation.link_script import LinkScript


def differing(script: LinkScript, answers: bytes) -> str | None:
    """Compare the answers with what the protocol and the model say. Return the first difference.

    Every step must have come to its end, and every network that is read back must be that of the model.
    """
    replies = list(_answers(answers))
    if len(replies) != len(script.steps):
        return f"{len(replies)} answers to {len(script.steps)} steps"
    for number, (came, _) in enumerate(replies):
        if not came:
            return f"step {number}: no answer in time"
    memories, groups = Memories(script.geometry), GroupCodec(script.geometry)
    for start, expected in script.read_back:
        words, step = {}, start
        for region in memories.regions:
            content = b""
            while len(content) < region.count * groups.size:
                (body,) = FrameDecoder().feed(replies[step][1])
                if body is None or body[1] != Command.READ | REPLY:
                    return f"step {step}: the board does not read"
                content, step = content + body[HEAD_BYTES:], step + 1
            size = groups.size
            words[region] = groups.unpack([content[k : k + size] for k in range(0, len(content), size)])
        found = memories.network_of(words)
        if found.weights_sha256() != expected.weights_sha256():
            return f"step {start}: the network is not that of the model"
    return None


def _answers(content: bytes) -> list[tuple[int, bytes]]:
    found, place = [], 0
    while place < len(content):
        came, count = struct.unpack_from("<II", content, place)
        found.append((came, content[place + 8 : place + 8 + count]))
        place += 8 + count
    return found
