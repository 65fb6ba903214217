"""What a package can do for a provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from messages import Message

# A message, the secret (or token), and the URL where the provider signs it.
Sign = Callable[[Message, str, str], Message]
Verify = Callable[[Message, str, str], bool]


@dataclass(frozen=True)
class Signer:
    """`package` is absent where no provider's package signs: our own second implementation of the rule does."""

    registry: str
    package: str | None
    sign: Sign
    verify: Verify | None = None
    signs_itself: bool = True

    @property
    def role(self) -> str:
        if self.package is None:
            return "signed here"
        if self.verify is None:
            return "signs"
        return "signs, verifies" if self.signs_itself else "verifies"
