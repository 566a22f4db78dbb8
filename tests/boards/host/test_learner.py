"""The estimator: the same bits from the model and from a board, and calls that fail change nothing."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from ceprop.boards.host import workplace
from ceprop.boards.host.learner import CepClassifier
from ceprop.boards.host.machine import ModelMachine, unwatched
from ceprop.boards.host.results import Predictions
from ceprop.boards.host.sequence import Batch
from ceprop.boards.parts.registry import board
from ceprop.boards.resources.choose import specification_for
from ceprop.common.errors import CepropError, CepropWarning
from ceprop.common.report import Advance
from ceprop.model import DivergenceError, Network, Trainer, load_dataset, load_images
from ceprop.specification import Specification
from ceprop.specification.bundled import bundled_specification

DIGITS = specification_for(Specification.load(bundled_specification("digits")), board("icebreaker"))


FEATURES, LABELS = load_digits(return_X_y=True)


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


def test_a_second_fit_begins_anew() -> None:
    learner = CepClassifier(DIGITS, epochs=2).fit(FEATURES[:200], LABELS[:200])
    first = learner.network_.weights_sha256()
    learner.fit(FEATURES[200:400], LABELS[200:400])
    assert learner.network_.weights_sha256() != first
    learner.fit(FEATURES[:200], LABELS[:200])
    assert (learner.network_.weights_sha256(), learner.n_epochs_) == (first, 2)


def test_partial_fit_follows_the_schedule() -> None:
    """Each call learns at the rates of its epoch: a schedule that begins with the second one changes nothing before,
    for it has no larger shifts, on which the number of random bits depends."""
    scheduled = DIGITS.override("update.schedule=[{epoch = 1, shifts = [3, 7]}]")
    plain = CepClassifier(DIGITS.override("update.schedule=[]"))
    found = CepClassifier(scheduled)
    digests = []
    for start in (0, 100):
        for learner in (plain, found):
            learner.partial_fit(FEATURES[start : start + 100], LABELS[start : start + 100], classes=range(10))
            digests.append(learner.network_.weights_sha256())
    assert digests[0] == digests[1]
    assert digests[2] != digests[3]


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


def sha256(learner: CepClassifier) -> str:
    return learner.network_.weights_sha256()


def fitted(learner: CepClassifier) -> dict[str, object]:
    """Everything that a failed call must leave as it was."""
    return {name: value for name, value in vars(learner).items() if name.endswith("_")}


WORSE = {
    "continuous targets": (FEATURES, LABELS + 0.5, "Unknown label type"),
    "another number of classes": (FEATURES, LABELS % 5, "labels of 5 classes"),
    "no whole numbers": (FEATURES / 16, LABELS, "samples must be whole numbers"),
    "beyond any quantiser": (FEATURES * 1e12, LABELS, "not beyond 2\\^31"),
    "another width": (FEATURES[:, :10], LABELS, "layer 0 has 64 units|X has 10 features"),
    "nothing": (FEATURES[:0], LABELS[:0], "0 sample"),
    "a label too many": (FEATURES[:3], [1, 2, 11], "labels of 3 classes|label 11"),
}


@pytest.mark.parametrize("case", WORSE)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_a_failed_call_changes_nothing(case: str, call: str) -> None:
    samples, labels, said = WORSE[case]
    new = CepClassifier()
    with pytest.raises(ValueError, match=said):
        getattr(new, call)(samples, labels)
    assert fitted(new) == {}
    # So the failed first call has not fixed the classes.
    new.partial_fit(FEATURES[:9], LABELS[:9], classes=range(10))
    before, predictions = fitted(new), new.predict(FEATURES[:50])
    if case == "another number of classes" and call == "partial_fit":
        return  # to go on with some of the classes is allowed
    with pytest.raises(ValueError, match=said):
        getattr(new, call)(samples, labels)
    assert fitted(new) == before
    assert np.array_equal(new.predict(FEATURES[:50]), predictions)


@pytest.mark.parametrize("epochs", [-1, 0, 1.5, True, "2", None])
def test_epochs_that_are_no_number_of_passes(epochs: object) -> None:
    learner = CepClassifier().fit(FEATURES, LABELS)
    before = fitted(learner)
    with pytest.raises(CepropError, match=r"epochs = .*: must be a whole number from 1"):
        learner.set_params(epochs=epochs).fit(FEATURES, LABELS)
    assert fitted(learner) == before


class Dying(ModelMachine):
    """A machine that fails after it has learned from 100 samples, and is of no use from then on."""

    dead = False

    def learn(self, batch: Batch, advance: Advance = unwatched) -> Predictions:
        found = super().learn(batch)
        self.dead = len(batch.labels) == 100
        return found

    def read_back(self, advance: Advance = unwatched) -> Network:
        if self.dead:
            raise CepropError("the line is dead")
        return super().read_back()

    def load(self, network: Network, advance: Advance = unwatched) -> None:
        if self.dead:
            raise CepropError("the line is dead")
        super().load(network)


def test_a_machine_that_fails_in_between_leaves_what_was_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workplace, "ModelMachine", Dying)
    learner = CepClassifier().fit(FEATURES, LABELS)
    before, predictions = fitted(learner), learner.predict(FEATURES[:50])
    for call in (learner.fit, learner.partial_fit):
        with pytest.raises(CepropError, match="the line is dead"):
            call(FEATURES[:100], LABELS[:100])
        assert fitted(learner) == before
        # The machine is opened anew, and holds again what the attributes say.
        assert np.array_equal(learner.predict(FEATURES[:50]), predictions)
    learner.partial_fit(FEATURES[:200], LABELS[:200])
    assert sha256(learner) == sha256(CepClassifier().fit(FEATURES, LABELS).partial_fit(FEATURES[:200], LABELS[:200]))


def test_parameters_that_change_on_an_open_object_take_effect(board_double, serve) -> None:
    samples, labels = FEATURES[:100], LABELS[:100]
    double = board_double(DIGITS)
    with serve(double) as port, CepClassifier(DIGITS).fit(samples, labels) as learner:
        learner.set_params(port=port)
        expected = CepClassifier(DIGITS).fit(samples, labels).predict(samples)
        assert np.array_equal(learner.predict(samples), expected)
        assert double.registers["samples"] == 100  # the board has answered
        learner.set_params(port="model", specification=DIGITS.override("seed=5"))
        # What was learned goes on to answer, until the new network has learned.
        assert np.array_equal(learner.predict(samples), expected)
        with pytest.raises(CepropError, match="specification: another one than learning began with"):
            learner.partial_fit(samples, labels)
        assert sha256(learner.fit(samples, labels)) == sha256(
            CepClassifier(DIGITS.override("seed=5")).fit(samples, labels)
        )
        learner.set_params(port="/dev/none")
        with pytest.raises(CepropError, match="/dev/none"):
            learner.predict(samples)


def test_other_classes_later_are_refused() -> None:
    learner = CepClassifier().partial_fit(FEATURES[:20], LABELS[:20], classes=range(10))
    before = fitted(learner)
    with pytest.raises(CepropError, match=r"classes = \[0, 1, 2\]: learning began with \[0, 1, 2, 3"):
        learner.partial_fit(FEATURES[:20], LABELS[:20], classes=[0, 1, 2])
    assert fitted(learner) == before
    learner.partial_fit(FEATURES[:20], LABELS[:20], classes=[*range(10), 3])
    assert learner.n_epochs_ == 2


def test_diverged_learning_is_an_error_and_useless_learning_a_warning() -> None:
    features, labels = load_wine(return_X_y=True)
    whole = np.rint(255 * (features - features.min(0)) / np.ptp(features, axis=0))
    wine = Specification.from_mapping({"layers": [13, 16, 3], "update": {"shifts": [3, 6]}})
    learner = CepClassifier(wine, epochs=10).fit(whole, labels)
    assert learner.score(whole, labels) > 0.8
    before = fitted(learner)
    learner.set_params(specification=wine.override("update.shifts=[0,0]"))
    with pytest.raises(DivergenceError, match=r"learning diverged in epoch 9: .*\(a smaller rate\)"):
        learner.fit(whole, labels)
    assert fitted(learner) == before
    # With these rates the network ends up with one class for every sample, though nothing is saturated.
    learner.set_params(specification=wine.override("update.shifts=[9,9]"), epochs=1)
    with pytest.warns(CepropWarning, match="the network is right for .* the most frequent class alone would be for 71"):
        learner.fit(whole, labels)
    assert learner.score(whole, labels) < 0.45


def test_values_outside_the_range_are_warned_of() -> None:
    learner = CepClassifier(Specification.load(bundled_specification("digits"), ["quantiser.high=3"]), epochs=2)
    with pytest.warns(CepropWarning, match="42 % of the values are outside the quantiser's range"):
        learner.fit(FEATURES, LABELS)
    with pytest.warns(CepropWarning, match="set low and high so"):
        learner.predict(FEATURES)
