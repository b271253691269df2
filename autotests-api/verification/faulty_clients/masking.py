"""Clients that do not mask as they must, or take masked frames (RFC 6455 §5.1, §5.3)."""

from __future__ import annotations

import itertools
import os
import random
import time

from verification.faulty_clients.correct import BINARY, CLOSE, PING, PONG, TEXT, EchoClient, Frame
from verification.faulty_clients.registry import fault

FILE = "rfc6455/test_05_1_masking.py"
FRESH = f"{FILE}::test_key_is_fresh_for_every_frame"
STEP = f"{FILE}::test_key_is_no_step_from_the_key_before"
MASKED = f"{FILE}::test_masked_frame_fails_the_connection"


@fault("6455 5.1", caught_by=f"{FILE}::test_message_is_masked")
class MasksNothing(EchoClient):
    """No frame is masked."""

    def masks(self, opcode: int) -> bool:
        return False


@fault("6455 5.1", caught_by=f"{FILE}::test_pong_is_masked")
class MasksNoPong(EchoClient):
    """Pongs are not masked."""

    def masks(self, opcode: int) -> bool:
        return opcode != PONG


@fault("6455 5.1", caught_by=f"{FILE}::test_close_is_masked")
class MasksNoClose(EchoClient):
    """Close frames are not masked."""

    def masks(self, opcode: int) -> bool:
        return opcode != CLOSE


@fault("6455 5.1", caught_by="rfc6455/test_05_2_base_framing.py::test_binary_of_any_length_is_read")
class MasksNoBinary(EchoClient):
    """Binary messages are not masked."""

    def masks(self, opcode: int) -> bool:
        return opcode != BINARY


@fault("6455 5.1", caught_by=f"{FILE}::test_message_is_masked")
class MasksNoEmptyMessage(EchoClient):
    """An empty message is not masked."""

    def send(self, opcode: int, payload: bytes, *, bits: int = 0, fin: bool = True) -> None:
        if payload:
            super().send(opcode, payload, bits=bits, fin=fin)
        else:
            self.socket.sendall(bytes([fin << 7 | opcode, 0]))


@fault("6455 5.3", caught_by=FRESH)
class MasksWithOneKey(EchoClient):
    """The key is the same for all frames, and random."""

    def __init__(self) -> None:
        super().__init__()
        self.only = os.urandom(4)

    def new_mask(self) -> bytes:
        return self.only


@fault("6455 5.3", caught_by=FRESH)
class MasksWithZeros(EchoClient):
    """The key is zero."""

    def new_mask(self) -> bytes:
        return bytes(4)


@fault("6455 5.3", caught_by=STEP)
class CountsItsMasks(EchoClient):
    """The key is a counter from a random start."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = itertools.count(int.from_bytes(os.urandom(3), "big"))

    def new_mask(self) -> bytes:
        return next(self.counter).to_bytes(4, "big")


@fault("6455 5.3", caught_by=STEP)
class CountsItsMasksInLittleEndian(EchoClient):
    """The key is a counter in little-endian order."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = itertools.count(int.from_bytes(os.urandom(3), "big"))

    def new_mask(self) -> bytes:
        return next(self.counter).to_bytes(4, "little")


@fault("6455 5.3", caught_by=FRESH)
class MasksInTurns(EchoClient):
    """The key is one of 32 that come in turns."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = itertools.cycle([os.urandom(4) for _ in range(32)])

    def new_mask(self) -> bytes:
        return next(self.keys)


@fault("6455 5.3", caught_by=f"{FILE}::test_bits_of_the_keys_are_balanced")
class MasksWithTwoRandomBytes(EchoClient):
    """Two bytes of the key are random, the others are zero."""

    def new_mask(self) -> bytes:
        return os.urandom(2) + b"\x00\x00"


@fault("6455 5.3", caught_by=f"{FILE}::test_bits_of_the_keys_are_balanced")
class MasksWithAscii(EchoClient):
    """The top bit of each byte of the key is never set."""

    def new_mask(self) -> bytes:
        return bytes(byte & 0x7F for byte in os.urandom(4))


@fault("6455 5.3", caught_by=f"{FILE}::test_first_keys_differ")
class MasksFromAFixedSeed(EchoClient):
    """The keys come from a generator that begins alike in each process."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = random.Random(1)

    def new_mask(self) -> bytes:
        return self.generator.randbytes(4)


@fault("6455 5.3", caught_by=f"{FILE}::test_bits_of_the_keys_are_balanced")
class MasksWithTheTime(EchoClient):
    """The key is the time in milliseconds."""

    def new_mask(self) -> bytes:
        return (time.time_ns() // 10**6 % 2**32).to_bytes(4, "big")


@fault("6455 5.1", caught_by=MASKED)
class TakesMaskedFrames(EchoClient):
    """Unmasks masked frames and takes them."""

    def check_mask(self, frame: Frame) -> None:
        pass


@fault("6455 5.1", caught_by=MASKED)
class TakesMaskedControlFrames(EchoClient):
    """Takes masked control frames."""

    def check_mask(self, frame: Frame) -> None:
        if frame.opcode < CLOSE:
            super().check_mask(frame)


@fault("6455 5.1", caught_by=MASKED)
class TakesMaskedPings(EchoClient):
    """Takes masked Pings."""

    def check_mask(self, frame: Frame) -> None:
        if frame.opcode != PING:
            super().check_mask(frame)


@fault("6455 5.1", caught_by=MASKED)
class TakesMaskedEmptyFrames(EchoClient):
    """Takes masked frames without a payload."""

    def check_mask(self, frame: Frame) -> None:
        if frame.payload:
            super().check_mask(frame)


@fault("6455 5.1", caught_by=f"{FILE}::test_masked_continuation_fails_the_connection")
class TakesMaskedContinuations(EchoClient):
    """Takes masked continuations."""

    def check_mask(self, frame: Frame) -> None:
        if frame.opcode in (TEXT, BINARY) or frame.opcode >= CLOSE:
            super().check_mask(frame)


@fault("6455 5.1", caught_by=f"{FILE}::test_masked_frame_after_good_messages_fails_the_connection")
class TakesMaskedFramesLater(EchoClient):
    """Judges the mask of the first frame only."""

    seen = False

    def check_mask(self, frame: Frame) -> None:
        if not self.seen:
            super().check_mask(frame)
        self.seen = True


@fault("6455 5.1", caught_by=f"{FILE}::test_masked_frame_is_refused_with_1002")
class CallsMasksUnsupported(EchoClient):
    """A masked frame is refused with 1003."""

    def fail(self, code: int) -> None:
        super().fail(1003)
