"""A recording that can leave out the frames of cases about speed."""

from __future__ import annotations

from pytest_websocket.recording import Recording


class WireLog(Recording):
    """A recording of one case."""

    def __init__(self, name: str, url: str) -> None:
        super().__init__(name, url, max_frames=256, max_payload=256)
        self.leaves_out = False

    def leave_out(self, why: str) -> None:
        """Records no frame from now on, and notes why."""
        self.leaves_out = True
        self.note(why)

    def sent(self, data: bytes) -> None:
        """Records bytes that were sent, unless frames are left out."""
        if not self.leaves_out:
            super().sent(data)

    def received(self, data: bytes) -> None:
        """Records bytes that were received, unless frames are left out."""
        if not self.leaves_out:
            super().received(data)
