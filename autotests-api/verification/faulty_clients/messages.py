"""Clients that treat control frames and text wrongly (RFC 6455 §5.5, §8.1)."""

from __future__ import annotations

from verification.faulty_clients.correct import CLOSE, PING, PONG, TEXT, EchoClient, Failed, Frame
from verification.faulty_clients.registry import fault

CONTROL = "rfc6455/test_05_5_control_frames.py"
UTF8 = "rfc6455/test_08_1_utf8.py"
PINGED = f"{CONTROL}::test_ping_is_answered_with_its_payload"
BAD = f"{UTF8}::test_illegal_utf8_fails_the_connection"


@fault("6455 5.5.2", caught_by=PINGED)
class AnswersNoPing(EchoClient):
    """Pings are not answered."""

    def on_ping(self, payload: bytes) -> None:
        pass


@fault("6455 5.5.3", caught_by=PINGED)
class AnswersPingsWithoutPayload(EchoClient):
    """Pongs are empty."""

    def on_ping(self, payload: bytes) -> None:
        self.send(PONG, b"")


@fault("6455 5.5.3", caught_by=PINGED)
class CutsThePayloadOfPings(EchoClient):
    """Pongs carry the first 64 bytes."""

    def on_ping(self, payload: bytes) -> None:
        self.send(PONG, payload[:64])


@fault("6455 5.5.3", caught_by=PINGED)
class ReadsPingsAsText(EchoClient):
    """The payload of a Ping is decoded and encoded again."""

    def on_ping(self, payload: bytes) -> None:
        self.send(PONG, payload.decode(errors="ignore").encode())


@fault("6455 5.5.2", caught_by=PINGED)
class AnswersPingsWithPings(EchoClient):
    """A Ping is answered with a Ping."""

    def on_ping(self, payload: bytes) -> None:
        self.send(PING, payload)


@fault("6455 5.5.2", caught_by=f"{CONTROL}::test_pings_are_answered_in_order")
class AnswersTheFirstPing(EchoClient):
    """Only the first Ping is answered."""

    answered = False

    def on_ping(self, payload: bytes) -> None:
        if not self.answered:
            super().on_ping(payload)
        self.answered = True


@fault("6455 5.5.3", caught_by=f"{CONTROL}::test_pings_are_answered_in_order")
class AnswersPingsTwice(EchoClient):
    """Each Ping is answered twice."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        super().on_ping(payload)


@fault("6455 5.5.3", caught_by=f"{CONTROL}::test_unsolicited_pong_is_ignored")
class RefusesPongs(EchoClient):
    """A Pong that was not asked for fails the connection."""

    def on_pong(self, payload: bytes) -> None:
        raise Failed(1002, "unsolicited")


@fault("6455 5.5.3", caught_by=f"{CONTROL}::test_unsolicited_pong_is_ignored")
class EchoesPongs(EchoClient):
    """A Pong is taken for a message."""

    def on_pong(self, payload: bytes) -> None:
        self.send_message(TEXT, payload)


@fault("6455 5.5", caught_by=f"{CONTROL}::test_long_control_frame_fails_the_connection")
class TakesLongControlFrames(EchoClient):
    """Takes control frames of any length, and answers with the first 125 bytes."""

    def check_control_is_short(self, frame: Frame) -> None:
        pass

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload[:125])


@fault("6455 5.5", caught_by=f"{CONTROL}::test_long_control_frame_fails_the_connection")
class TakesLongPongs(EchoClient):
    """Takes Pongs of any length."""

    def check_control_is_short(self, frame: Frame) -> None:
        if frame.opcode != PONG:
            super().check_control_is_short(frame)


@fault("6455 5.5", caught_by=f"{CONTROL}::test_long_control_frame_fails_the_connection")
class TakesControlFramesOf126Bytes(EchoClient):
    """Takes control frames of 126 bytes."""

    def check_control_is_short(self, frame: Frame) -> None:
        super().check_control_is_short(frame._replace(payload=frame.payload[1:]))


@fault("6455 5.5", caught_by=f"{CONTROL}::test_fragmented_control_frame_fails_the_connection")
class TakesFragmentedControlFrames(EchoClient):
    """Takes the first fragment of a control frame for all of it."""

    def check_control_is_whole(self, frame: Frame) -> None:
        pass


@fault("6455 5.5", caught_by=f"{CONTROL}::test_fragmented_control_frame_fails_the_connection")
class WaitsForFragmentsOfControlFrames(EchoClient):
    """Ignores a control frame that is not whole."""

    def take(self, frame: Frame) -> None:
        if frame.fin or frame.opcode < CLOSE:
            super().take(frame)


@fault("6455 5.5", caught_by=f"{CONTROL}::test_wrong_control_frame_is_refused_with_1002")
class CallsControlFramesTooBig(EchoClient):
    """A long control frame is refused with 1009."""

    def check_control_is_short(self, frame: Frame) -> None:
        if len(frame.payload) > 125:
            raise Failed(1009, "too big")


@fault("6455 8.1", caught_by=BAD)
class TakesAnyText(EchoClient):
    """Text is not judged."""

    def check_text(self, data: bytes) -> None:
        pass


@fault("6455 8.1", caught_by=BAD)
class ReplacesBadText(EchoClient):
    """What is not UTF-8 is replaced by U+FFFD."""

    def on_message(self, kind: int, data: bytes) -> None:
        super().on_message(kind, data.decode(errors="replace").encode() if kind == TEXT else data)


@fault("6455 8.1", caught_by=BAD)
class TakesSurrogates(EchoClient):
    """Surrogates are taken."""

    def check_text(self, data: bytes) -> None:
        super().check_text(data.decode(errors="surrogatepass").encode(errors="replace") if data else data)


@fault("6455 8.1", caught_by=BAD)
class TakesACutEnd(EchoClient):
    """A character that is cut at the end of a message is taken."""

    def check_text(self, data: bytes) -> None:
        for cut in range(4):
            try:
                data[: len(data) - cut].decode()
            except UnicodeDecodeError:
                continue
            return
        super().check_text(data)


@fault("6455 8.1", caught_by=BAD)
class TakesNulInTwoBytes(EchoClient):
    """NUL may be written in two bytes, as in Java."""

    def check_text(self, data: bytes) -> None:
        super().check_text(data.replace(b"\xc0\x80", b"\x00"))


@fault("6455 8.1", caught_by=BAD)
class TakesMoreThanUnicode(EchoClient):
    """Code points beyond U+10FFFF are taken."""

    def check_text(self, data: bytes) -> None:
        super().check_text(data.replace(b"\xf4\x90\x80\x80", b""))


@fault("6455 8.1", caught_by=f"{UTF8}::test_illegal_utf8_anywhere_fails_the_connection")
class JudgesTheFirst64Kilobytes(EchoClient):
    """The first 64 KiB of a message are judged."""

    def check_text(self, data: bytes) -> None:
        super().check_text(data[:65536])


@fault("6455 8.1", caught_by=f"{UTF8}::test_illegal_utf8_in_fragments_fails_the_connection")
class JudgesTheFirstFragment(EchoClient):
    """The first fragment of a message is judged."""

    def check_text(self, data: bytes) -> None:
        super().check_text(self.parts[0] if len(self.parts) > 1 else data)


@fault("6455 8.1", caught_by=f"{UTF8}::test_illegal_utf8_after_good_messages_fails_the_connection")
class JudgesTheFirstMessage(EchoClient):
    """The first message is judged."""

    judged = False

    def check_text(self, data: bytes) -> None:
        if not self.judged:
            super().check_text(data)
        self.judged = True


@fault("6455 8.1", caught_by=f"{UTF8}::test_character_may_be_cut_by_fragments")
class JudgesEachFragment(EchoClient):
    """Each fragment has to be UTF-8 on its own."""

    def check_sequence(self, frame: Frame) -> None:
        super().check_sequence(frame)
        if TEXT in (self.kind, frame.opcode):
            self.check_text(frame.payload)


@fault("6455 8.1", caught_by=f"{UTF8}::test_legal_utf8_is_taken")
class RefusesNonCharacters(EchoClient):
    """U+FFFE and U+FFFF are refused."""

    def check_text(self, data: bytes) -> None:
        super().check_text(data.replace(b"\xef\xbf\xbe", b"\xff").replace(b"\xef\xbf\xbf", b"\xff"))


@fault("6455 8.1", caught_by=f"{UTF8}::test_byte_order_mark_is_kept")
class DropsTheByteOrderMark(EchoClient):
    """A byte order mark at the start of a message is dropped."""

    def on_message(self, kind: int, data: bytes) -> None:
        super().on_message(kind, data.removeprefix(b"\xef\xbb\xbf") if kind == TEXT else data)


@fault("6455 8.1", caught_by=f"{UTF8}::test_legal_utf8_is_taken")
class EndsTextAtNul(EchoClient):
    """Text ends at NUL."""

    def on_message(self, kind: int, data: bytes) -> None:
        super().on_message(kind, data.partition(b"\x00")[0] if kind == TEXT else data)


@fault("6455 7.4.1", caught_by=f"{UTF8}::test_illegal_utf8_is_refused_with_1007")
class CallsBadTextAProtocolError(EchoClient):
    """What is not UTF-8 is refused with 1002."""

    def fail(self, code: int) -> None:
        super().fail(1002)
