"""Muon, an optimizer that makes steps of equal size in all directions of a matrix of weights.

K. Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024; the size of a step as in J. Liu et al.,
Muon is Scalable for LLM Training, arXiv 2502.16982: as large as Adam's usually are, so that rates for Adam serve.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

Tensor = Any
ADAM = 0.25
"""How large Adam's rate is, of that for matrices: biases and small kernels bear less."""
SMALLEST = 8
"""A matrix with fewer rows or columns is no matrix here."""


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Say how a weight is a matrix from inputs to outputs.

    Args:
        shape: The weight's.

    Returns:
        Rows and columns, or None where it is no matrix (biases, depthwise kernels).
    """
    if len(shape) < 2:
        return None
    rows, columns = math.prod(shape[:-1]), shape[-1]
    return (rows, columns) if min(rows, columns) >= SMALLEST else None


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Approximate U V^T of matrices U S V^T by Newton-Schulz steps with the coefficients of Jordan et al.

    Args:
        matrices: (N, R, C).
        steps: How many steps.

    Returns:
        (N, R, C).
    """
    rows, columns = matrices.shape[1:]
    x = ops.transpose(matrices, (0, 2, 1)) if rows > columns else matrices
    x = x / (ops.sqrt(ops.sum(ops.square(x), axis=(1, 2), keepdims=True)) + 1e-7)
    for _ in range(steps):
        squared = ops.matmul(x, ops.transpose(x, (0, 2, 1)))
        x = 3.4445 * x + ops.matmul(-4.7750 * squared + 2.0315 * ops.matmul(squared, squared), x)
    return ops.transpose(x, (0, 2, 1)) if rows > columns else x


class Muon(keras.optimizers.Optimizer):  # type: ignore[misc]
    """Muon for matrices and kernels of convolutions, Adam for all other weights."""

    def __init__(self, learning_rate: float, momentum: float = 0.95, adam: float = ADAM, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, name="muon", **kwargs)
        self.momentum, self.adam, self.beta, self.epsilon = momentum, adam, 0.999, 1e-7

    def build(self, variables: list[Any]) -> None:
        """Make the momenta and velocities of all weights."""
        if self.built:
            return
        super().build(variables)
        self.momenta = [self.add_variable_from_reference(v, name="momentum") for v in variables]
        self.velocities = [
            None if matrix_shape(v.shape) else self.add_variable_from_reference(v, name="velocity") for v in variables
        ]

    def _backend_update_step(self, grads: list[Tensor], trainable_variables: list[Any], learning_rate: Tensor) -> None:
        """Update all weights, matrices of one shape together: one product for all of them."""
        alike: dict[tuple[int, int], list[tuple[Tensor, Any]]] = {}
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            if shape := matrix_shape(variable.shape):
                alike.setdefault(shape, []).append((gradient, variable))
            else:
                self._adam_step(gradient, variable, learning_rate)
        for shape, members in alike.items():
            self._muon_step(shape, members, learning_rate)

    def _muon_step(self, shape: tuple[int, int], members: list[tuple[Tensor, Any]], learning_rate: Tensor) -> None:
        ahead = []
        for gradient, variable in members:
            momentum = self.momenta[self._get_variable_index(variable)]
            self.assign(momentum, momentum * self.momentum + gradient)
            ahead.append(ops.reshape(gradient + self.momentum * momentum, shape))
        size = 0.2 * max(shape) ** 0.5
        for (_, variable), step in zip(members, ops.unstack(orthogonal(ops.stack(ahead)), len(ahead)), strict=True):
            rate = ops.cast(learning_rate, variable.dtype)
            self.assign_sub(variable, rate * size * ops.reshape(step, variable.shape))

    def _adam_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        at = self._get_variable_index(variable)
        momentum, velocity = self.momenta[at], self.velocities[at]
        assert velocity is not None
        step = ops.cast(self.iterations + 1, variable.dtype)
        self.assign_add(momentum, (gradient - momentum) * 0.1)
        self.assign_add(velocity, (ops.square(gradient) - velocity) * (1 - self.beta))
        rate = self.adam * ops.cast(learning_rate, variable.dtype)
        size = rate * ops.sqrt(1 - ops.power(self.beta, step)) / (1 - ops.power(0.9, step))
        self.assign_sub(variable, size * momentum / (ops.sqrt(velocity) + self.epsilon))
