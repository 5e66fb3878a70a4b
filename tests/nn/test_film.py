"""A film of a training run: a picture every few steps, all of one size, as one file."""

import numpy as np
import pytest
from PIL import Image

from kanpde import KAN, MLP, fit
from kanpde.nn.film import Film


def test_a_film_shows_how_the_edges_change(tmp_path):
    x = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    kan = KAN([2, 1, 1], seed=0)
    film = Film(kan, every=4, inputs=["a", "b"])
    fit(kan, x, x[:, 0] * x[:, 1], steps=9, on_step=film)
    assert len(film.frames) == 3  # the first step, the fourth and the eighth
    assert len({frame.shape for frame in film.frames}) == 1
    assert (film.frames[0] != film.frames[-1]).mean() > 1e-3
    film.save(tmp_path / "run.gif", rate=2)
    with Image.open(tmp_path / "run.gif") as saved:
        assert saved.n_frames == 3
        assert saved.info["duration"] == 500


def test_what_cannot_be_filmed_or_saved_is_refused(tmp_path):
    with pytest.raises(TypeError, match="`kan` must be a KAN, got MLP"):
        Film(MLP([1, 2, 1]))
    with pytest.raises(ValueError, match="`every` must be a whole number of at least 1, got 0"):
        Film(KAN([1, 1]), every=0)
    film = Film(KAN([1, 1]))
    with pytest.raises(ValueError, match="there are none: give the film to `on_step`"):
        film.save(tmp_path / "run.gif")
    with pytest.raises(ValueError, match=r"`path` must end in .gif, .png or .webp"):
        film.save(tmp_path / "run.mp4")
