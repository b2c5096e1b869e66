"""Asks again for what a server refused, in the way that the server wants, and remembers it for each base URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from math_eval.engines._http import Failure
from math_eval.engines.dialect import OPTION_OF, Dialect, Refused, learn
from math_eval.engines.token_room import Room, room_of
from math_eval.engines.urls import without_credentials
from math_eval.errors import EngineError
from math_eval.records import Prompt

_REFUSED_STATUS = frozenset({400, 422})
_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class ServerChange:
    """Something that a server wants otherwise than run.json says.

    Attributes:
        base_url: The base URL, without user name and password.
        field: The field of the request; `budget` or `context` where the server bounds the new tokens.
        text: What became of it.
        warning: One line for the user where the completions may change; "" where they do not.
    """

    base_url: str
    field: str
    text: str
    warning: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A request that is asked again.

    Attributes:
        server: The index of the base URL that refused the request.
        dialect: How the request is made now.
        before: The last refusal.
        words: What is new in the dialect → the words that asked for it.
        room: The tokens that the prompt leaves of the context; None where they are not known.
        length: "asked" if the request asks for one token only, so that the server counts the prompt; then "counted".
    """

    server: int
    dialect: Dialect
    before: Failure
    words: Mapping[str, str] = field(default_factory=dict)
    room: int | None = None
    length: Literal["", "asked", "counted"] = ""


class Negotiation:
    """What servers want otherwise in the requests for a model.

    Attributes:
        on_change: Receives each change once, when the first request that it was made in has succeeded.
    """

    def __init__(self, base_urls: Sequence[str], stated: frozenset[str], hide: Callable[[str], str]) -> None:
        """Begins with requests as run.json describes them.

        Args:
            base_urls: The base URLs.
            stated: The fields of a request that the user asked for, which are never left out.
            hide: Removes secrets from a server's words.
        """
        self.on_change: Callable[[ServerChange], None] = lambda _: None
        self._urls = [without_credentials(url) for url in base_urls]
        self._stated = stated
        self._hide = hide
        self._dialects = [Dialect() for _ in base_urls]
        self._lengths: dict[str, int] = {}
        self._reported: set[tuple[int, str]] = set()

    def set_contexts(self, contexts: Sequence[int | None]) -> None:
        """Sets the context lengths that the servers state for the model."""
        self._dialects = [
            replace(dialect, context=context) for dialect, context in zip(self._dialects, contexts, strict=True)
        ]

    def body(self, server: int, body: Mapping[str, Any], prompt: Prompt, trial: Trial | None) -> dict[str, Any]:
        """Returns the body of a request as a server wants it."""
        return self._dialect(server, trial).apply(body, self._room(server, prompt, trial))

    def _dialect(self, server: int, trial: Trial | None) -> Dialect:
        return self._dialects[server].joined(trial.dialect) if trial else self._dialects[server]

    def _room(self, server: int, prompt: Prompt, trial: Trial | None) -> int | None:
        """The tokens that a prompt leaves of the context, where both lengths are known."""
        if trial is not None and trial.room is not None:
            return trial.room
        length = len(prompt.token_ids) or (0 if prompt.transcript else self._lengths.get(prompt.key, 0))
        context = self._dialects[server].context
        return context - length if length and context else None

    def after_refusal(
        self, refusal: Failure, body: Mapping[str, Any], prompt: Prompt, trial: Trial | None
    ) -> Trial | None:
        """Returns how to ask again after a failure; None if that would be in vain.

        Args:
            refusal: The failure.
            body: The body of the request, before any change.
            prompt: The prompt.
            trial: The trial that failed; None for the first request.

        Raises:
            EngineError: The server refuses what the user asked for.
        """
        if refusal.status not in _REFUSED_STATUS:
            return None
        dialect, room = self._dialect(refusal.server, trial), self._room(refusal.server, prompt, trial)
        if stated := room_of(refusal.words.message):
            return self._in_context(stated, dialect.budget(body["max_tokens"], room), refusal, prompt, trial)
        learned = learn(dialect, refusal.words, dialect.apply(body, room), self._stated)
        if isinstance(learned, Refused):
            option = OPTION_OF.get(learned.field, f"{learned.field} of --extra-body")
            raise EngineError(f"{self._urls[refusal.server]} refuses {option}: {refusal.reason}; {learned.advice}")
        if learned is None:
            return None
        words = dict.fromkeys(dict(learned.changes()).keys() - dict(dialect.changes()), refusal.words.message)
        earlier = trial or Trial(refusal.server, dialect, refusal)
        return replace(earlier, dialect=learned, before=refusal, words={**earlier.words, **words})

    def _in_context(
        self, stated: Room, budget: int, refusal: Failure, prompt: Prompt, trial: Trial | None
    ) -> Trial | None:
        """How to ask again for a completion that the context has no room for."""
        left = stated.context - max(stated.prompt, 1)
        if (trial is not None and trial.length) or not 1 <= left < budget:
            return None
        earlier = trial or Trial(refusal.server, self._dialects[refusal.server], refusal)
        fitting = replace(earlier, dialect=replace(earlier.dialect, context=stated.context), before=refusal, room=left)
        if stated.prompt and stated.is_bound(budget):
            return replace(fitting, room=1, length="asked")
        self._keep_length(prompt, stated.prompt)
        return fitting

    def _keep_length(self, prompt: Prompt, length: int) -> None:
        if prompt.key and length and not prompt.transcript:
            self._lengths[prompt.key] = length

    def after_reply(
        self, server: int, tokens_in: int, body: Mapping[str, Any], prompt: Prompt, trial: Trial | None
    ) -> Trial | None:
        """Remembers what a server wanted, and returns how to ask again where it has only counted the prompt.

        Args:
            server: The index of the base URL that replied.
            tokens_in: The tokens of the prompt that it counted; 0 where it does not say.
            body: The body of the request, before any change.
            prompt: The prompt.
            trial: The trial that succeeded; None for the first request.
        """
        if trial is not None and trial.length == "asked":
            context = trial.dialect.context or 0
            self._keep_length(prompt, tokens_in)
            # where nothing was counted, half of the context is likely to be free
            left = context - tokens_in if tokens_in else context // 2
            if min(left, body["max_tokens"]) > 1:
                return replace(trial, room=left, length="counted")
        room = self._room(server, prompt, trial)
        dialect = self._dialects[server] = self._dialect(server, trial)
        changes = dict(dialect.changes())
        asked = min(body["max_tokens"], dialect.most_tokens or body["max_tokens"])
        if dialect.context and dialect.budget(asked, room) < asked:
            changes["context"] = f"{dialect.context} tokens, of which a completion gets what its prompt leaves"
        for name, text in changes.items():
            if (server, name) not in self._reported:
                self._reported.add((server, name))
                self.on_change(self._change(server, name, text, trial.words.get(name, "") if trial else ""))
        return None

    def _change(self, server: int, name: str, text: str, words: str) -> ServerChange:
        url, said = self._urls[server], f": {self._hide(words)[:_SHOWN_CHARS]}" if words else ""
        warning = ""
        if name == "context":
            warning = f"{url}: the context has {text}"
        elif name == "budget":
            warning = f"{url} gives a completion {text}{said}"
        elif text == "left out" and name not in {"stop", "stream_options"}:
            warning = f"{url} refuses {name}, so it is left out and the server's own value applies{said}"
        return ServerChange(url, name, text, warning)


def reason_of(failure: Failure, trial: Trial | None) -> str:
    """Returns the reason for the user, which is the refusal before a trial where the server refuses the change itself.

    Args:
        failure: The failure.
        trial: The trial that failed; None for the first request.
    """
    if trial is not None and failure.words.message:
        added = {"max_completion_tokens": trial.dialect.renamed, "stream": trial.dialect.stream}
        if any(new and name in failure.words.message for name, new in added.items()):
            return trial.before.reason
    return failure.reason
