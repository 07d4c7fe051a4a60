"""What a diffusion model is told beside the noisy image: nothing, a class, attributes, or a sentence.

One array says what is asked for, a row an image; a network takes the same array when it learns and when it samples.

    class       int32 (n,), 1 for the first class; 0 asks for none        (callers count from 0, -1 for none)
    attributes  float32 (n, k): 1 has it, -1 has it not, 0 does not say
    text        int32 (n, LENGTH): tokens (text.py)

Whatever is asked for reaches every residual block as a vector, added to that of the time; a sentence is attended to
word by word as well. In training it is left out for a share of the images, so that one network learns to predict with
and without it (classifier-free guidance, Ho and Salimans 2022, algorithm 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from models.core.diffusion import text, tokenizer
from models.core.diffusion.prompt import Asked, Emphasis, Kind, Offer, Prompt
from models.core.errors import ConfigError, UserError
from models.core.family import DataSpec, names_of
from models.core.family_model import Port


class Told(NamedTuple):
    """A condition inside a network: its input, its vector (b, size), and a sentence's (vectors, tokens) or None."""

    input: Any
    vector: Any
    sentence: tuple[Any, Any] | None = None


@dataclass(frozen=True)
class Condition:
    """No condition; the others derive from it.

    Attributes:
        names: of classes or attributes, or the words of the vocabulary.
        examples: sentences that show what can be asked for.
    """

    names: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    kind: ClassVar[Kind] = "none"
    input: ClassVar[str] = ""  # the name of the network's input
    encoding: ClassVar[str] = ""  # what it takes, for a person

    def ports(self) -> dict[str, Port]:
        """What its input is, for an exported network."""
        return {}

    def told(self, size: int, seed: int) -> Told | None:
        """What a network is told, as a vector of ``size``; None if it is told nothing."""
        return None

    def known(self, y: Any) -> Any:
        """What the dataset knows of training images as the network takes it.

        Raises:
            UserError: if it is fed with images alone.
        """
        raise NotImplementedError

    def left_out(self, known: Any, told: Any) -> Any:
        """The same where ``told`` (b,) is true, and nothing where it is not."""
        raise NotImplementedError

    @property
    def offer(self) -> Offer:
        """What can be asked for, for a user."""
        return Offer(self.kind, self.names, self.examples)

    def asked(self, prompt: Prompt, count: int) -> tuple[Asked | None, Asked | None]:
        """What a prompt asks for and what it leads away from, ``count`` times; None is nothing."""
        return None, None

    def emphasis(self, prompt: Prompt, count: int) -> Emphasis:
        """The words of a prompt whose strength is not 1: what is asked for without it, and the strength minus 1."""
        return ()

    def nothing(self, count: int) -> Asked:
        """What asks for nothing, ``count`` times."""
        return np.full(count, -1, np.int32)

    def checked(self, asked: Asked | None, count: int) -> Asked:
        """What is asked for, as the network takes it; None asks for nothing.

        Raises:
            ConfigError: if a row is out of range, or there are not ``count`` of them.
        """
        if asked is None or (len(asked) == count and (np.asarray(asked) == -1).all()):
            return self.nothing(count)
        raise ConfigError({"conditions": f"must be {count} times -1: the model knows no condition"})

    def without_each(self, text: str) -> Asked:
        """A sentence, then the same without its first word, without its second, ...: a row each.

        Raises:
            ConfigError: unless the model takes text.
        """
        raise ConfigError({"prompt": "is only for models conditioned on text"})

    def preview(self) -> Asked:
        """What a sheet of samples shows, a column each."""
        return self.nothing(0)

    def _needed(self, y: Any, what: str) -> Any:
        if y is None:
            raise UserError(f"A model conditioned on {self.kind} learns from images together with their {what}.")
        return y


class ClassCondition(Condition):
    """One of some classes; callers count from 0, the network from 1."""

    kind = "class"
    input = "label"
    encoding = "0 for none, 1 for the first name"

    def ports(self) -> dict[str, Port]:
        """The class."""
        return {self.input: Port("class of each image; 0 is none, 1 the first", 0, len(self.names))}

    def told(self, size: int, seed: int) -> Told | None:
        """A learned vector a class."""
        label = keras.Input((), dtype="int32", name=self.input)
        init = keras.initializers.RandomNormal(stddev=0.02, seed=seed)
        table = layers.Embedding(len(self.names) + 1, size, embeddings_initializer=init, name="class")
        return Told(label, table(label))

    def known(self, y: Any) -> Any:
        """Labels (b,) from 0 become the network's from 1."""
        return ops.cast(ops.reshape(self._needed(y, "classes"), (-1,)), "int32") + 1

    def left_out(self, known: Any, told: Any) -> Any:
        """0 is no class at all."""
        return known * ops.cast(told, "int32")

    def checked(self, asked: Asked | None, count: int) -> Asked:
        """Classes (n,) from 0, -1 for none, become the network's from 1."""
        wanted = np.full(count, -1, np.int32) if asked is None else np.asarray(asked, np.int32)
        if wanted.shape != (count,) or (count and not -1 <= wanted.min() <= wanted.max() < len(self.names)):
            raise ConfigError({"conditions": f"must be {count} classes from 0 to {len(self.names) - 1}"})
        return wanted + 1

    def nothing(self, count: int) -> Asked:
        """No class."""
        return np.zeros(count, np.int32)

    def preview(self) -> Asked:
        """Every class."""
        return np.arange(len(self.names), dtype=np.int32)


class AttributeCondition(Condition):
    """Any of some attributes: each is there, is not there, or is left open."""

    kind = "attributes"
    input = "attributes"
    encoding = "a number an attribute: 1 has it, -1 has it not, 0 leaves it open"

    def ports(self) -> dict[str, Port]:
        """The attributes."""
        return {self.input: Port(f"attributes of each image, {self.encoding}", -1.0, 1.0)}

    def told(self, size: int, seed: int) -> Told | None:
        """A linear map: what is left open adds nothing."""
        given = keras.Input((len(self.names),), name=self.input)
        init = keras.initializers.GlorotUniform(seed=seed)
        return Told(given, layers.Dense(size, use_bias=False, kernel_initializer=init, name="attribute")(given))

    def known(self, y: Any) -> Any:
        """1 and 0 (b, k) become 1 and -1."""
        return 2.0 * ops.cast(self._needed(y, "attributes"), "float32") - 1.0

    def left_out(self, known: Any, told: Any) -> Any:
        """0 leaves open; ``told`` is (b,), or (b, k) for some of them."""
        told = ops.cast(told, "float32")
        return known * (told[:, None] if len(told.shape) == 1 else told)

    def asked(self, prompt: Prompt, count: int) -> tuple[Asked | None, Asked | None]:
        """The attributes of a prompt."""
        rows = self.nothing(count)
        for name, there in prompt.attributes:
            rows[:, self.names.index(name)] = 1.0 if there else -1.0
        return rows, None

    def nothing(self, count: int) -> Asked:
        """All left open."""
        return np.zeros((count, len(self.names)), np.float32)

    def checked(self, asked: Asked | None, count: int) -> Asked:
        """Rows (n, k) from -1 to 1."""
        wanted = self.nothing(count) if asked is None else np.asarray(asked, np.float32)
        if wanted.shape != (count, len(self.names)) or not (np.abs(wanted) <= 1.0).all():
            problem = f"must be {count} rows of {len(self.names)} numbers from -1 (has it not) to 1 (has it)"
            raise ConfigError({"conditions": problem})
        return wanted

    def preview(self) -> Asked:
        """Each attribute, the others left open."""
        return np.eye(len(self.names), dtype=np.float32)


class SentenceCondition(Condition):
    """A sentence and its words; ``sentences`` and ``without_each`` say how a model reads them."""

    def sentences(self, prompts: Sequence[str]) -> Asked:
        """What these prompts ask for."""
        raise NotImplementedError

    def asked(self, prompt: Prompt, count: int) -> tuple[Asked | None, Asked | None]:
        """Both sentences of a prompt."""
        negative = self.sentences([prompt.negative] * count) if prompt.negative else None
        return self.sentences([prompt.text] * count), negative

    def emphasis(self, prompt: Prompt, count: int) -> Emphasis:
        """The sentence without each word whose strength is not 1."""
        return [
            (np.repeat(row[None], count, axis=0), prompt.strength(place) - 1.0)
            for place, row in enumerate(self.without_each(prompt.text)[1:] if prompt.strengths else ())
            if prompt.strength(place) != 1.0
        ]


class TextCondition(SentenceCondition):
    """A sentence of the words that the training captions use."""

    kind = "text"
    input = "tokens"
    encoding = (
        f"{tokenizer.LENGTH} tokens: 0 pads, 1 begins, 2 is any other word, {tokenizer.FIRST} the first of the names"
    )

    def ports(self) -> dict[str, Port]:
        """The sentence."""
        most = tokenizer.FIRST + len(self.names) - 1
        return {self.input: Port(f"a sentence an image, {self.encoding}", 0, most)}

    def told(self, size: int, seed: int) -> Told | None:
        """The mean of the words' vectors, and the vectors themselves for attention."""
        tokens = keras.Input((tokenizer.LENGTH,), dtype="int32", name=self.input)
        vectors = text.encoded(tokens, len(self.names), seed)
        init = keras.initializers.GlorotUniform(seed=seed)
        mean = text.SentenceMean()([vectors, tokens])
        return Told(
            tokens, layers.Dense(size, kernel_initializer=init, name="sentence_vector")(mean), (vectors, tokens)
        )

    def known(self, y: Any) -> Any:
        """Tokens as they are."""
        return ops.cast(self._needed(y, "captions"), "int32")

    def left_out(self, known: Any, told: Any) -> Any:
        """The beginning of the sentence alone."""
        kept = ops.cast(told, "int32")[:, None] * known
        return ops.concatenate([known[:, :1], kept[:, 1:]], axis=1)

    def nothing(self, count: int) -> tokenizer.Tokens:
        """The empty sentence."""
        return tokenizer.tokens_of([""] * count, ())

    def checked(self, asked: Asked | None, count: int) -> Asked:
        """Tokens (n, LENGTH) of this vocabulary."""
        wanted = self.nothing(count) if asked is None else np.asarray(asked, np.int32)
        most = tokenizer.FIRST + len(self.names)
        if wanted.shape != (count, tokenizer.LENGTH) or (count and not 0 <= wanted.min() <= wanted.max() < most):
            raise ConfigError({"conditions": f"must be {count} sentences of {tokenizer.LENGTH} tokens below {most}"})
        return wanted

    def without_each(self, text: str) -> Asked:
        """Words that are left out are masked as padding, so that the others keep their places."""
        whole = self.sentences([text])
        return np.concatenate([whole, tokenizer.without_each(whole[0])])

    def sentences(self, prompts: Sequence[str]) -> tokenizer.Tokens:
        """What these prompts ask for."""
        return tokenizer.tokens_of(prompts, self.names)

    def preview(self) -> Asked:
        """Some captions of training images."""
        return self.sentences(self.examples)


KINDS: dict[str, type[Condition]] = {
    kind.kind: kind for kind in (Condition, ClassCondition, AttributeCondition, TextCondition)
}


def condition_of(kind: Kind, spec: DataSpec) -> Condition:
    """The condition of a kind that a dataset offers.

    Raises:
        ConfigError: if it has nothing of this kind.
    """
    if kind == "text":
        if not spec.words:
            raise ConfigError({"condition": "must be none: this dataset has no captions"})
        return TextCondition(spec.words, spec.examples)
    return Condition() if kind == "none" else KINDS[kind](names_of(kind, spec))
