"""Decodes and redacts a recording: whatever is rendered is made of this, and holds no secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_websocket.recording import FrameRecord, Note, Recording, Totals
from pytest_websocket.render.close_summary import Ending, ending_of
from pytest_websocket.render.http_head import Head
from pytest_websocket.render.roundtrips import RoundTrip, round_trips
from pytest_websocket.target.secrets import Secrets


@dataclass(frozen=True)
class Conversation:
    """One connection, without secrets; times are in seconds since ``started``, a reading of perf_counter."""

    name: str
    url: str
    started: float
    started_at: float
    opened_at: float | None
    ended_at: float | None
    ended: str
    request: Head
    response: Head
    frames: Sequence[FrameRecord]
    notes: Sequence[Note]
    totals: Totals
    omitted: int
    unfinished: str

    @classmethod
    def of(cls, recording: Recording, secrets: Secrets) -> Conversation:
        """Decodes what was recorded so far and redacts it."""
        # Decoding fills in the rest of the recording.
        frames = recording.frames
        return cls(
            name=secrets.mask(recording.name),
            url=secrets.url(recording.url),
            started=recording.started,
            started_at=recording.started_at,
            opened_at=recording.opened_at,
            ended_at=recording.ended_at,
            ended=secrets.mask(recording.ended),
            request=Head.parse(recording.request, secrets),
            response=Head.parse(recording.response, secrets),
            frames=_redacted(frames, secrets),
            notes=[Note(note.at, secrets.mask(note.text)) for note in recording.notes],
            totals=recording.totals,
            omitted=recording.omitted,
            unfinished=recording.unfinished,
        )

    @cached_property
    def trips(self) -> list[RoundTrip]:
        """Returns messages and Pings with what answered them."""
        return round_trips(self.frames)

    @cached_property
    def ending(self) -> Ending:
        """Returns how it ended, in words."""
        return ending_of(self.frames, self.ended, opened=self.opened_at is not None)

    @property
    def length(self) -> float:
        """Returns the seconds from the start to the last event."""
        times = [self.opened_at or 0.0, self.ended_at or 0.0]
        times += [frame.at for frame in self.frames[-1:]]
        times += [note.at for note in self.notes[-1:]]
        return max(times)


def _redacted(frames: Sequence[FrameRecord], secrets: Secrets) -> list[FrameRecord]:
    """Returns the frames without secrets; those of a fragmented message are searched together."""
    safe: dict[int, bytes] = {}
    messages: dict[tuple[bool, int], list[FrameRecord]] = {}
    for frame in frames:
        # Every control frame is by itself.
        messages.setdefault((frame.sent, frame.message or -frame.number), []).append(frame)
    for fragments in messages.values():
        data = b"".join(bytes(frame.data) for frame in fragments)
        data = secrets.mask_bytes(data, cut=any(len(frame.data) < frame.size for frame in fragments))
        for frame in fragments:
            safe[frame.number], data = data[: len(frame.data)], data[len(frame.data) :]
    return [
        frame
        if safe[frame.number] == frame.data and not frame.value
        else frame._replace(data=safe[frame.number], value=secrets.mask(frame.value))
        for frame in frames
    ]
