"""Asks numpy, scipy, scikit-learn and prdc about two small sets of numbers and writes compare.json.

crates/metrics/tests/compare_golden.rs compares our figures of the same sets with these.

    python3 -m venv /tmp/venv-golden && /tmp/venv-golden/bin/pip install -r requirements.txt
    /tmp/venv-golden/bin/python compare.py      some minutes: the densities are added up finely

The sets are drawn once and written down with three digits; two columns of each are correlated, one is skewed. MMD² is
the mean of scikit-learn's kernel without its diagonal; the Fréchet distance takes scikit-learn's Ledoit-Wolf covariance
and scipy's matrix root; precision, recall, density and coverage are those of `prdc`. Overlap and divergence of
distances are given twice: with scipy's densities on one wide grid, which is our definition, and as Yang and Lerch's
toolbox (mgeval, not on PyPI) defines them: KL between values on two different grids, the area between the least and the
greatest distance, every pair within a set counted twice.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from prdc import compute_prdc
from scipy import integrate, linalg, stats
from scipy.spatial.distance import pdist
from sklearn.covariance import ledoit_wolf
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import rbf_kernel

HERE = Path(__file__).parent


def drawn_sets():
    rng = np.random.default_rng(909)
    mix = np.array([[1, 0.8, 0, 0], [0, 0.6, 0, 0], [0, 0, 1, 0.2], [0, 0, 0, 1]])
    reference, candidate = rng.normal(size=(40, 4)) @ mix, rng.normal(size=(30, 4)) @ mix
    reference[:, 3], candidate[:, 3] = np.exp(reference[:, 3] / 2), np.exp(candidate[:, 3] / 2)
    candidate = candidate * [0.7, 1.0, 1.3, 1.0] + [0.5, 0.0, -0.3, 0.2]
    return np.round(reference, 3), np.round(candidate, 3)


def mmd(x, y):
    sigma = np.median(pdist(np.vstack([x, y])))
    kernel = lambda a, b: rbf_kernel(a, b, gamma=1 / (2 * sigma**2))
    apart = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    squared = apart(kernel(x, x)) + apart(kernel(y, y)) - 2 * kernel(x, y).mean()
    return {"bandwidth": sigma, "squared": squared}


def frechet(x, y):
    (sigma_x, shrinkage_x), (sigma_y, shrinkage_y) = ledoit_wolf(x), ledoit_wolf(y)
    root = linalg.sqrtm(sigma_x @ sigma_y).real
    squared = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(sigma_x + sigma_y - 2 * root)
    return {"shrinkage": [shrinkage_x, shrinkage_y], "squared": squared}


def distances(x, y):
    """Of one feature: within the reference against across."""
    within, across = pdist(x[:, None]), np.abs(x[:, None] - y).ravel()
    p, q = stats.gaussian_kde(within), stats.gaussian_kde(across)
    reach = 10 * max(within.std(), across.std())
    grid = np.linspace(-reach, max(within.max(), across.max()) + reach, 20_001)
    width = grid[1] - grid[0]
    uniform = 1e-6 / (grid[-1] - grid[0])
    p_floored, q_floored = (p(grid) + uniform), (q(grid) + uniform)
    # The toolbox lists every distance of i to j and of j to i.
    twice = np.repeat(within, 2)
    toolbox_p = stats.gaussian_kde(twice)
    low, high = min(within.min(), across.min()), max(within.max(), across.max())
    toolbox_grid = lambda values: np.linspace(values.min(), values.max(), 1000)
    return {
        "area": np.minimum(p(grid), q(grid)).sum() * width,
        "divergence_nats": (p_floored * np.log(p_floored / q_floored)).sum() * width,
        "toolbox_area": integrate.quad(lambda v: min(toolbox_p(v)[0], q(v)[0]), low, high, limit=400)[0],
        "toolbox_divergence_nats": stats.entropy(toolbox_p(toolbox_grid(twice)), q(toolbox_grid(across))),
    }


def areas_of_gaussians():
    rows = []
    for m, s, n, t in [(0, 1, 1, 1), (0, 1, 0, 2), (3, 2, -1, 0.5), (60.5, 4.2, 62.25, 7.9), (0, 1, 9, 1.001)]:
        least = lambda v: min(stats.norm.pdf(v, m, s), stats.norm.pdf(v, n, t))
        points = sorted([m, n, m - 3 * s, m + 3 * s, n - 3 * t, n + 3 * t])
        area = integrate.quad(least, -100, 200, points=points, limit=1000, epsabs=1e-12)[0]
        rows.append([m, s, n, t, area])
    return rows


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(inner) for inner in value]
    return round(float(value), 9)


def main():
    x, y = drawn_sets()
    figures = {
        "versions": {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "prdc")},
        "reference": x.tolist(),
        "candidate": y.tolist(),
        "mmd": rounded(mmd(x, y)),
        "frechet": rounded(frechet(x, y)),
        "prdc": {str(k): rounded(compute_prdc(x, y, k)) for k in (1, 3, 5)},
        "distances": [rounded(distances(x[:, i], y[:, i])) for i in range(x.shape[1])],
        "areas_of_gaussians": rounded(areas_of_gaussians()),
        "auc": rounded([
            roc_auc_score([0] * len(x) + [1] * len(y), np.concatenate([x[:, i], y[:, i]])) for i in range(x.shape[1])
        ]),
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in figures.items())
    (HERE / "compare.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
