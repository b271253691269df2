"""RAW FRAMES: a WebSocket peer that can say any nonsense on purpose and judges what comes back."""
