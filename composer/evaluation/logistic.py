"""Multinomial logistic regression with an L2 penalty, small enough to read: the classifier of everything here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Logistic:
    """A fitted model. Features are standardised and missing ones (NaN) filled with what training had on average."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    """Shape (features + 1, classes); the last row is the offset."""

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Log-odds up to a constant, shape (n, classes)."""
        return np.asarray(_padded(_standard(features, self.mean, self.scale)) @ self.weights)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The likeliest class of each row, shape (n,)."""
        return np.asarray(self.scores(features).argmax(axis=1))


def fit(
    features: np.ndarray, labels: np.ndarray, classes: int, penalty: float = 1.0, weights: np.ndarray | None = None
) -> Logistic:
    """features (n, f) with NaN allowed, labels 0..classes - 1 (n,), weights (n,) or equal ones.

    The penalty is that of a Gaussian prior on standardised weights; convex, so the same data give the same model.
    """
    from scipy.optimize import minimize

    with np.errstate(invalid="ignore"):
        known = np.isfinite(features)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, features, 0).sum(axis=0) / count
        scale = np.sqrt(np.where(known, (features - mean) ** 2, 0).sum(axis=0) / count)
    scale = np.where(scale > 1e-9, scale, 1.0)
    rows = _padded(_standard(features, mean, scale))
    wanted = np.eye(classes)[labels]
    share = np.ones(len(rows)) if weights is None else weights

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        table = flat.reshape(rows.shape[1], classes)
        logits = rows @ table
        top = logits.max(axis=1, keepdims=True)
        weight = np.exp(logits - top)
        total = weight.sum(axis=1, keepdims=True)
        wrong = share @ (np.log(total) + top - (wanted * logits).sum(axis=1, keepdims=True))
        gradient = rows.T @ (share[:, None] * (weight / total - wanted))
        gradient[:-1] += penalty * table[:-1]
        return float(wrong[0] + penalty / 2 * (table[:-1] ** 2).sum()), gradient.ravel()

    found = minimize(loss, np.zeros(rows.shape[1] * classes), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return Logistic(mean, scale, found.x.reshape(rows.shape[1], classes))


def _standard(features: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(np.isfinite(features), (features - mean) / scale, 0.0).clip(-5, 5))


def _padded(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
