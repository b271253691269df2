"""A recording decoded once: what the pages of the report are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_websocket.recording import FrameRecord, Note, Recording, Totals
from pytest_websocket.render.close_summary import Ending, ending_of
from pytest_websocket.render.http_head import Head
from pytest_websocket.render.roundtrips import RoundTrip, round_trips


@dataclass(frozen=True)
class Conversation:
    """One connection's tape, decoded; times are in seconds since ``started``, a reading of perf_counter."""

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
    def of(cls, recording: Recording) -> Conversation:
        """Decode a recording; what is recorded afterwards is not in it."""
        # Decoding fills in the rest of the recording.
        frames = recording.frames
        return cls(
            name=recording.name,
            url=recording.url,
            started=recording.started,
            started_at=recording.started_at,
            opened_at=recording.opened_at,
            ended_at=recording.ended_at,
            ended=recording.ended,
            request=Head.parse(recording.request),
            response=Head.parse(recording.response),
            frames=frames,
            notes=tuple(recording.notes),
            totals=recording.totals,
            omitted=recording.omitted,
            unfinished=recording.unfinished,
        )

    @cached_property
    def trips(self) -> list[RoundTrip]:
        """Messages and Pings with what answered them."""
        return round_trips(self.frames)

    @cached_property
    def ending(self) -> Ending:
        """How it ended, in words."""
        return ending_of(self.frames, self.ended, opened=self.opened_at is not None)

    @property
    def length(self) -> float:
        """Seconds from the start to the last thing that happened."""
        times = [self.opened_at or 0.0, self.ended_at or 0.0]
        times += [frame.at for frame in self.frames[-1:]]
        times += [note.at for note in self.notes[-1:]]
        return max(times)
