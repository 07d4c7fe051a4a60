"""A map of codings that keeps groups together: t-SNE, with progress and a cancel.

Source: L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE", 2008; made by openTSNE.
"""

from __future__ import annotations

import numpy as np

from models.core.arrays import Codings
from models.core.latent.paths import Chart
from models.core.work import Work

EXAGGERATED, PLAIN = 150, 250  # iterations
EVERY = 10  # iterations between two reports
PERPLEXITY = 30


def neighbour_chart(codings: Codings, *, work: Work) -> Chart:
    """Lay codings (n, latent_size) out in two dimensions so that neighbours stay neighbours; the same every time.

    Args:
        codings: at least 4 of them.
        work: told (what, iterations done, in all); checked every 10 iterations.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    from openTSNE import TSNE

    done = 0

    def look(_iteration: int, _error: float, _points: object) -> bool:
        nonlocal done
        done += EVERY
        work.check()
        work.tell("t-SNE", min(done, EXAGGERATED + PLAIN), EXAGGERATED + PLAIN)
        return False

    layout = TSNE(
        n_components=2, initialization="pca", perplexity=min(PERPLEXITY, len(codings) // 4), random_state=0,
        neighbors="exact", negative_gradient_method="bh", early_exaggeration_iter=EXAGGERATED, n_iter=PLAIN,
        callbacks=look, callbacks_every_iters=EVERY, n_jobs=1,
    )  # fmt: skip
    points = np.asarray(layout.fit(np.asarray(codings, np.float64)))
    points = (points - points.mean(0)) / np.maximum(points.std(0), 1e-9)
    return Chart(points.astype(np.float32), codings)
