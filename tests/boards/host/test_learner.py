"""The estimator: scikit-learn's conventions, and the same bits from the model, and from a board."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils import estimator_checks

from ceprop.boards.choose import specification_for
from ceprop.boards.host.learner import CepClassifier
from ceprop.boards.registry import board
from ceprop.bundled import bundled_specification
from ceprop.errors import CepropError
from ceprop.model import Trainer, load_dataset, load_images
from ceprop.specification import Specification

DIGITS = specification_for(Specification.load(bundled_specification("digits")), board("icebreaker"))


@pytest.mark.parametrize(
    "check",
    [
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimators_unfitted",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_conventions(check: str) -> None:
    getattr(estimator_checks, check)("CepClassifier", CepClassifier())


def test_fit_is_the_trainers_run() -> None:
    dataset = load_dataset(DIGITS, "digits")
    images = load_images("digits", DIGITS.seed)
    trainer = Trainer.start(DIGITS, dataset)
    trainer.run_epochs(2)
    learner = CepClassifier(DIGITS, epochs=2).fit(*images.train)
    assert learner.network_.weights_sha256() == trainer.network.weights_sha256()
    assert learner.score(*images.test) == 1 - trainer.history[-1].test_error
    assert (learner.n_epochs_, learner.network_.weights[0].shape) == (2, (64, 64))


def test_partial_fit_goes_on() -> None:
    features, labels = load_digits(return_X_y=True)
    learner = CepClassifier()
    learner.partial_fit(features[:5], labels[:5], classes=range(10))
    learner.partial_fit(features[5:300], labels[5:300])
    assert learner.n_epochs_ == 2
    again = CepClassifier().partial_fit(features[:300], labels[:300])
    assert again.network_.weights_sha256() == learner.network_.weights_sha256()
    assert learner.score(features, labels) > 0.4


def test_a_board_gives_the_models_bits(board_double, serve) -> None:
    features, labels = load_digits(return_X_y=True)
    names = np.array([f"digit {label}" for label in labels])
    model = CepClassifier(DIGITS).fit(features[:150], names[:150])
    double = board_double(DIGITS, noise=0.002)
    with serve(double) as port, CepClassifier(DIGITS, port).fit(features[:150], names[:150]) as learner:
        assert np.array_equal(learner.predict(features[150:200]), model.predict(features[150:200]))
        assert learner.network_.weights_sha256() == double.network.weights_sha256()
        learner.close()
        copy = pickle.loads(pickle.dumps(learner))
        double.network = type(double.network).initial(DIGITS)
        assert np.array_equal(copy.predict(features[150:200]), model.predict(features[150:200]))
        copy.close()
    assert learner.network_.weights_sha256() == model.network_.weights_sha256()
    assert double.registers["samples"] == 50
    assert not hasattr(clone(learner), "network_")


def test_it_works_in_scikit_learns_tools() -> None:
    features, labels = load_digits(return_X_y=True)
    assert cross_val_score(CepClassifier(), features, labels, cv=3).mean() > 0.8


def test_bad_input_is_one_line() -> None:
    features, labels = load_digits(return_X_y=True)
    with pytest.raises(NotFittedError):
        CepClassifier().predict(features)
    with pytest.raises(CepropError, match="samples must be whole numbers"):
        CepClassifier().fit(features / 16, labels)
    with pytest.raises(CepropError, match="layer 0 has 64 units"):
        CepClassifier().fit(features[:, :10], labels)
    with pytest.raises(CepropError, match="labels of 5 classes: the network has 10 outputs"):
        CepClassifier().fit(features, labels % 5)
    learner = CepClassifier().fit(features[:100], labels[:100])
    with pytest.raises(CepropError, match="label 11: not among the classes"):
        learner.partial_fit(features[:1], [11])
    with pytest.raises(ValueError, match="X has 3 features"):
        learner.predict(features[:, :3])
