"""Faults that take a text for markup, JSON, a URL, a template or a format (the contract of the echo)."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from urllib.parse import parse_qs, unquote, urlsplit

from verification.faulty_servers.contract_text import TextConnection
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.messages import PREFIX
from verification.faulty_servers.correct.request import Request
from verification.faulty_servers.registry import fault


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[HTML]")
class EscapesHtml(TextConnection):
    """<, > and & become entities."""

    def alter(self, text: str) -> str:
        return html.escape(text, quote=False)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[quoted]")
class EscapesQuotes(TextConnection):
    """Quotation marks get a backslash."""

    def alter(self, text: str) -> str:
        return text.replace('"', '\\"').replace("'", "\\'")


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[ERB]")
class StripsTags(TextConnection):
    """Everything between < and > is left out."""

    def alter(self, text: str) -> str:
        return re.sub("<[^>]*>", "", text)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[entities]")
class ResolvesEntities(TextConnection):
    """&lt; and &amp; become characters."""

    def alter(self, text: str) -> str:
        return html.unescape(text)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[percent encoding]")
class DecodesPercents(TextConnection):
    """%20 becomes a blank."""

    def alter(self, text: str) -> str:
        return urllib.parse.unquote(text)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[escapes]")
class ResolvesBackslashes(TextConnection):
    """A backslash and n become a line feed."""

    def alter(self, text: str) -> str:
        return text.replace("\\n", "\n").replace("\\t", "\t")


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[JSON object]")
class ReformatsJson(TextConnection):
    """A message that is a JSON object is parsed and written again."""

    def alter(self, text: str) -> str:
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return json.dumps(parsed, ensure_ascii=False) if isinstance(parsed, dict | list) else text


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[JSON words]")
class ReadsJsonScalars(TextConnection):
    """A message that is a number or a JSON constant is parsed: 1.50 becomes 1.5, null becomes None."""

    def alter(self, text: str) -> str:
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return text if isinstance(parsed, dict | list | str) else str(parsed)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[percent format]")
class FormatsWithPercents(Connection):
    """The message is a format string: %s and %d in it are replaced."""

    def reply_to(self, message: Message) -> Message:
        reply = super().reply_to(message)
        return re.sub("%[sdr]", "None", reply).replace("%%", "%") if isinstance(reply, str) else reply


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[brace format]")
class FormatsWithBraces(Connection):
    """The message is a template: {} and {message} in it are replaced."""

    def reply_to(self, message: Message) -> Message:
        if not isinstance(message, str):
            return super().reply_to(message)
        return PREFIX + re.sub(r"\{(message)?\}", lambda _: message, message)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[percent format]")
class FormatsWithDollars(TextConnection):
    """$name and ${name} in a message are replaced with nothing."""

    def alter(self, text: str) -> str:
        return re.sub(r"\$(\w+|\{\w+\})", "", text)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[mustache]")
class EvaluatesTemplates(TextConnection):
    """{{ 7*7 }} becomes 49."""

    def alter(self, text: str) -> str:
        return re.sub(
            r"\{\{\s*(\d+)\s*\*\s*(\d+)\s*\}\}", lambda match: str(int(match[1]) * int(match[2])), text
        )


@fault(
    "contract",
    caught_by="test_text_that_looks_like_code_comes_back_as_written[form-encoded]",
    origin="blind round 4",
)
class DecodesPercentEscapes(Connection):
    """Text is decoded like a part of a URL, where every escape in it is a good one."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, str) and not re.search(r"%(?![0-9A-Fa-f]{2})", message):
            message = unquote(message)
        return super().reply_to(message)


@fault(
    "contract", caught_by="test_every_path_is_served_alike[a message in the query]", origin="blind round 4"
)
class AnswersTheQuery(Connection):
    """A message in the query of the request is answered as if it had been sent."""

    query: dict[str, list[str]]

    def judge(self, request: Request) -> None:
        super().judge(request)
        self.query = parse_qs(urlsplit(request.target).query)

    def start_codecs(self) -> None:
        super().start_codecs()
        for message in self.query.get("message", []):
            self.message(message)
