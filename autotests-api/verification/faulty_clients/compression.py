"""Clients that compress or inflate wrongly, or agree to what they must refuse (RFC 7692)."""

from __future__ import annotations

import zlib

from verification.faulty_clients.correct import CLOSE, CONTINUATION, TAIL, EchoClient, Frame
from verification.faulty_clients.registry import fault

PARAMETERS = "rfc7692/test_07_1_parameters.py"
MESSAGES = "rfc7692/test_07_2_messages.py"
ILLEGAL = f"{PARAMETERS}::test_illegal_answer_does_not_open"


@fault("7692 7.1", caught_by=f"{PARAMETERS}::test_offers_are_legal")
class OffersAnUnknownParameter(EchoClient):
    """The offer has a parameter that is not defined."""

    def offer(self) -> str:
        return "permessage-deflate; client_max_window_bits; unheard_of"


@fault("7692 7.1.2", caught_by=f"{PARAMETERS}::test_offers_are_legal")
class OffersBitsWithALeadingZero(EchoClient):
    """The offer has a window with a leading zero."""

    def offer(self) -> str:
        return "permessage-deflate; client_max_window_bits=015"


@fault("7692 7.1", caught_by=ILLEGAL)
class TakesUnknownParameters(EchoClient):
    """Opens with parameters that are not defined."""

    def check_parameter(self, name: str, value: str) -> None:
        if name.startswith(("server_", "client_")):
            super().check_parameter(name, value)


@fault("7692 7.1", caught_by=ILLEGAL)
class TakesRepeatedParameters(EchoClient):
    """Opens with repeated parameters; the last counts."""

    def check_parameter(self, name: str, value: str) -> None:
        self.parameters.pop(name, None)
        super().check_parameter(name, value)


@fault("7692 7.1.2", caught_by=ILLEGAL)
class ClampsBits(EchoClient):
    """Takes a window out of range for the nearest in range."""

    def check_parameter(self, name: str, value: str) -> None:
        if name.endswith("bits") and value.lstrip("-").isdecimal() and not value.startswith("0"):
            value = str(min(15, max(8, int(value))))
        super().check_parameter(name, value)


@fault("7692 7.1.2", caught_by=ILLEGAL)
class TakesBitsWithALeadingZero(EchoClient):
    """Takes a window with a leading zero."""

    def check_parameter(self, name: str, value: str) -> None:
        super().check_parameter(name, value.lstrip("0"))


@fault("7692 7.1.2", caught_by=ILLEGAL)
class TakesBitsWithoutValue(EchoClient):
    """Takes a window without a value for 15."""

    def check_parameter(self, name: str, value: str) -> None:
        super().check_parameter(name, value or "15" if name.endswith("bits") else value)


@fault("7692 7.1.1", caught_by=ILLEGAL)
class TakesFlagsWithAValue(EchoClient):
    """Takes a flag that has a value."""

    def check_parameter(self, name: str, value: str) -> None:
        super().check_parameter(name, "" if name.endswith("takeover") else value)


@fault("7692 7.1.2.2", caught_by=f"{PARAMETERS}::test_window_that_was_not_offered_does_not_open")
class TakesALimitThatItDidNotOffer(EchoClient):
    """Takes client_max_window_bits, which it did not offer."""

    def offer(self) -> str:
        return "permessage-deflate"


@fault("7692 5", caught_by=f"{PARAMETERS}::test_accepted_twice_does_not_open")
class TakesTheExtensionTwice(EchoClient):
    """Opens where the extension is accepted twice."""

    def negotiate(self, value: str) -> None:
        super().negotiate(
            "permessage-deflate" if value == "permessage-deflate, permessage-deflate" else value
        )


@fault("7692 5.1", caught_by=f"{PARAMETERS}::test_declined_offer_opens_without_compression")
class CompressesAlthoughDeclined(EchoClient):
    """Compresses where the offer was declined."""

    def negotiate(self, value: str) -> None:
        super().negotiate(value or "permessage-deflate")


@fault("7692 7.1.1.2", caught_by=f"{PARAMETERS}::test_legal_answer_is_kept")
class KeepsItsWindowForbidden(EchoClient):
    """Keeps its window although client_no_context_takeover was agreed on."""

    def send_message(self, kind: int, data: bytes) -> None:
        self.parameters.pop("client_no_context_takeover", None)
        super().send_message(kind, data)


@fault("7692 7.1.2.2", caught_by=f"{MESSAGES}::test_client_keeps_to_its_window")
class LooksBackTooFar(EchoClient):
    """Compresses with a window of 32 KiB whatever was agreed on."""

    def bits(self, side: str) -> int:
        return 15 if side == "client" else super().bits(side)


@fault("7692 7.2.1", caught_by=f"{MESSAGES}::test_compressed_text_is_read")
class LeavesTheTail(EchoClient):
    """The last four bytes of a compressed message stay."""

    def send_message(self, kind: int, data: bytes) -> None:
        if self.deflate:
            self.send(kind, self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH), bits=4)
        else:
            super().send_message(kind, data)


@fault("7692 7.2.1", caught_by=f"{MESSAGES}::test_compressed_text_is_read")
class SendsAnEmptyMessageOfNothing(EchoClient):
    """A compressed empty message has no byte."""

    def send_message(self, kind: int, data: bytes) -> None:
        if self.deflate and not data:
            self.send(kind, b"", bits=4)
        else:
            super().send_message(kind, data)


@fault("7692 6.1", caught_by=f"{MESSAGES}::test_compressed_and_plain_messages_take_turns")
class InflatesPlainMessages(EchoClient):
    """Takes each message for compressed."""

    def take(self, frame: Frame) -> None:
        plain = self.deflate and 0 < frame.opcode < CLOSE
        super().take(frame._replace(bits=frame.bits | 4) if plain else frame)


@fault("7692 6.1", caught_by=f"{MESSAGES}::test_compressed_message_in_fragments_is_read")
class InflatesEachFragment(EchoClient):
    """A message is compressed only where its last frame is."""

    def take(self, frame: Frame) -> None:
        super().take(frame)
        if self.deflate and frame.opcode < CLOSE and not frame.fin:
            self.compressed = False


@fault("7692 7.2.3.2", caught_by=f"{MESSAGES}::test_window_is_kept")
class ForgetsTheServersWindow(EchoClient):
    """Inflates each message with a fresh window."""

    def inflate(self, data: bytes) -> bytes:
        self.inflater = zlib.decompressobj(wbits=-15)
        return super().inflate(data)


@fault("7692 6", caught_by=f"{MESSAGES}::test_rsv1_on_a_control_frame_fails_the_connection")
class TakesCompressedControlFrames(EchoClient):
    """Takes control frames with RSV1 where compression was agreed on."""

    def check_bits(self, frame: Frame) -> None:
        if not (self.deflate and frame.bits == 4 and frame.opcode >= CLOSE):
            super().check_bits(frame)


@fault("7692 6.1", caught_by=f"{MESSAGES}::test_rsv1_on_a_continuation_fails_the_connection")
class TakesCompressedContinuations(EchoClient):
    """Takes continuations with RSV1 where compression was agreed on."""

    def check_bits(self, frame: Frame) -> None:
        if not (self.deflate and frame.bits == 4 and frame.opcode == CONTINUATION):
            super().check_bits(frame)


@fault("7692 6", caught_by=f"{MESSAGES}::test_other_reserved_bits_fail_the_connection")
class TakesAnyBitsWithCompression(EchoClient):
    """Judges no reserved bit where compression was agreed on."""

    def check_bits(self, frame: Frame) -> None:
        if not self.deflate:
            super().check_bits(frame)


@fault("7692 7.2.2", caught_by=f"{MESSAGES}::test_broken_data_fails_the_connection")
class DropsWhatItCannotInflate(EchoClient):
    """A message that cannot be inflated is dropped."""

    def on_message(self, kind: int, data: bytes) -> None:
        if data != b"\x00broken":
            super().on_message(kind, data)

    def inflate(self, data: bytes) -> bytes:
        try:
            return self.inflater.decompress(data + TAIL)
        except zlib.error:
            return b"\x00broken"


@fault("7692 7.2.2", caught_by=f"{MESSAGES}::test_compressed_text_is_judged")
class JudgesNoCompressedText(EchoClient):
    """Compressed text is not judged."""

    def check_text(self, data: bytes) -> None:
        if not self.compressed:
            super().check_text(data)


@fault("7692 7.2.2", caught_by=f"{MESSAGES}::test_broken_data_is_called_an_error")
class CallsBrokenDataAPolicy(EchoClient):
    """Data that cannot be inflated is refused with 1008."""

    def fail(self, code: int) -> None:
        super().fail(1008)
