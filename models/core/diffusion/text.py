"""Sentences as a network reads them: tokens (tokenizer.py) become vectors in a small transformer.

    [1, 4, 17, 5, 6, 12, 8, 0, 0, ...]  ->  (24, size)

A sentence that is left out is its beginning alone, so there is always something to attend to.

Source: A. Vaswani et al., "Attention Is All You Need", 2017, sections 3.2 and 3.3; layers are normalised before they
are used (R. Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020, section 3).
"""

from __future__ import annotations

import itertools
from typing import Any

import keras
from keras import layers, ops

from models.core.diffusion.tokenizer import FIRST, PADDING

SIZE = 64  # of the vector of a token
LAYERS, HEADS = 2, 4


# --- The network -----------------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("studio")
class TextAttention(layers.Layer):
    """Every query looks at the tokens that are no padding (Vaswani et al. 2017, equation 1, several heads).

    Args:
        heads: how many; the channels are divided among them.
    """

    def __init__(self, heads: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.heads = heads

    def call(self, queries_keys_values_tokens: Any) -> Any:
        """Queries (b, q, c), keys and values (b, LENGTH, 2 c), tokens (b, LENGTH) -> (b, q, c)."""
        queries, both, tokens = queries_keys_values_tokens
        channels = queries.shape[-1]
        size = channels // self.heads
        query = ops.reshape(queries, (-1, queries.shape[1], self.heads, size))
        key, value = ops.unstack(ops.reshape(both, (-1, both.shape[1], 2, self.heads, size)), 2, axis=2)
        scores = ops.einsum("bqhs,bkhs->bhqk", query, key) / size**0.5
        padding = ops.cast(ops.equal(tokens, PADDING), scores.dtype)[:, None, None, :]
        weights = ops.softmax(scores - 1e9 * padding, axis=-1)
        seen = ops.einsum("bhqk,bkhs->bqhs", weights, value)
        return ops.reshape(seen, (-1, queries.shape[1], channels))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As the queries."""
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to write the layer into a file."""
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("studio")
class Place(layers.Layer):
    """Adds a learned vector to each place of a sentence: (b, LENGTH, size) -> the same."""

    def build(self, input_shape: Any) -> None:
        """One vector a place."""
        init = keras.initializers.RandomNormal(stddev=0.02, seed=7)
        self.vectors = self.add_weight(shape=input_shape[1:], initializer=init, name="vectors")

    def call(self, x: Any) -> Any:
        """Add them."""
        return x + self.vectors


@keras.saving.register_keras_serializable("studio")
class SentenceMean(layers.Layer):
    """The mean of the vectors of a sentence that are no padding: (b, LENGTH, size), (b, LENGTH) -> (b, size)."""

    def call(self, vectors_and_tokens: Any) -> Any:
        """Sum and divide."""
        vectors, tokens = vectors_and_tokens
        there = ops.cast(ops.not_equal(tokens, PADDING), vectors.dtype)[..., None]
        return ops.sum(vectors * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """One vector a sentence."""
        return (input_shape[0][0], input_shape[0][-1])


def encoded(tokens: Any, words: int, seed: int, size: int = SIZE) -> Any:
    """Vectors (b, LENGTH, size) of tokens (b, LENGTH) of a vocabulary: embedding, place, and a small transformer."""
    seeds = itertools.count(seed * 1_000 + 700)

    def dense(channels: int, activation: str | None = None) -> layers.Layer:
        init = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Dense(channels, activation, kernel_initializer=init)

    init = keras.initializers.RandomNormal(stddev=0.02, seed=next(seeds))
    x = Place()(layers.Embedding(FIRST + words, size, embeddings_initializer=init, name="words")(tokens))
    for _ in range(LAYERS):
        normal = layers.LayerNormalization(epsilon=1e-5)(x)
        seen = TextAttention(HEADS)([dense(size)(normal), dense(2 * size)(normal), tokens])
        x = layers.Add()([x, dense(size)(seen)])
        normal = layers.LayerNormalization(epsilon=1e-5)(x)
        x = layers.Add()([x, dense(size)(dense(4 * size, "gelu")(normal))])
    return layers.LayerNormalization(epsilon=1e-5, name="sentence")(x)
