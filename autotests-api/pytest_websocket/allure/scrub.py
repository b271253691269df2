"""Results that can be written anywhere and hold no secret."""

from __future__ import annotations

from typing import Any

import attr

from pytest_websocket.target.secrets import Secrets
from pytest_websocket.text import printable


def clean(item: Any, secrets: Secrets) -> None:
    """Clean every text of an Allure model object in place.

    A single lone surrogate in any of them would end the whole session: they are written as UTF-8.
    """
    for field in attr.fields(type(item)):
        value = getattr(item, field.name)
        if isinstance(value, str):
            setattr(item, field.name, secrets.mask_cut(printable(value)))
        elif isinstance(value, list):
            for index, element in enumerate(value):
                if isinstance(element, str):
                    value[index] = secrets.mask_cut(printable(element))
                elif attr.has(type(element)):
                    clean(element, secrets)
        elif value is not None and attr.has(type(value)):
            clean(value, secrets)
