"""The login of `challenge_response`, as a user writes it."""

from __future__ import annotations

import hashlib
import hmac
import json

from pytest_websocket.target.login import Conversation
from verification.correct_apis.entering import KEY


async def log_in(conversation: Conversation) -> None:
    """Answers the challenge."""
    challenge = json.loads(await conversation.expect({"event": "challenge"}))
    nonce = challenge["data"]["nonce"]
    await conversation.send_json({"mac": hmac.new(KEY, nonce.encode(), hashlib.sha256).hexdigest()})
    await conversation.expect({"event": "welcome"})
