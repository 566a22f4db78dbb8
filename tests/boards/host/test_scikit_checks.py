"""The checks that scikit-learn has for estimators."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from ceprop.boards.host.learner import CepClassifier
from ceprop.specification import Specification


class AnyShape(CepClassifier):
    """The estimator with a network as wide as the data, and with samples made whole numbers: as scikit-learn's checks
    need it, which bring fractions, in samples of other widths and in other numbers of classes."""

    def _begin(self, raw: np.ndarray, y: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self._widths = raw.shape[1], len(np.unique(classes))
        return super()._begin(raw, y, classes)

    def _wanted(self) -> Specification:
        features, classes = self._widths
        return Specification.from_mapping(
            {
                "layers": [features, 16, classes],
                "quantiser": {"low": -200, "high": 200},
                "update": {"shifts": [6, 8]},
            }
        )

    def _whole(self, raw: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(raw.astype(float) * 64), -200, 200).astype(np.int64)


FRACTIONS = "its samples are fractions, which the quantiser does not take"
SHAPE = "its samples or classes are in another number than the network has inputs or outputs"
EXPECTED = {
    "check_classifier_data_not_an_array": SHAPE,
    "check_classifiers_classes": FRACTIONS,
    "check_classifiers_one_label": FRACTIONS,
    "check_classifiers_train": FRACTIONS,
    "check_dict_unchanged": FRACTIONS,
    "check_dont_overwrite_parameters": FRACTIONS,
    "check_dtype_object": FRACTIONS,
    "check_estimators_dtypes": FRACTIONS,
    "check_estimators_fit_returns_self": FRACTIONS,
    "check_estimators_nan_inf": FRACTIONS,
    "check_estimators_overwrite_params": FRACTIONS,
    "check_estimators_partial_fit_n_features": FRACTIONS,
    "check_estimators_pickle": FRACTIONS,
    "check_f_contiguous_array_estimator": FRACTIONS,
    "check_fit2d_1feature": FRACTIONS,
    "check_fit2d_1sample": FRACTIONS,
    "check_fit2d_predict1d": FRACTIONS,
    "check_fit_check_is_fitted": FRACTIONS,
    "check_fit_idempotent": FRACTIONS,
    "check_fit_score_takes_y": FRACTIONS,
    "check_methods_sample_order_invariance": FRACTIONS,
    "check_methods_subset_invariance": FRACTIONS,
    "check_n_features_in": FRACTIONS,
    "check_n_features_in_after_fitting": FRACTIONS,
    "check_pipeline_consistency": FRACTIONS,
    "check_positive_only_tag_during_fit": FRACTIONS,
    "check_readonly_memmap_input": FRACTIONS,
    "check_supervised_y_2d": FRACTIONS,
}


@pytest.mark.filterwarnings("ignore::ceprop.common.errors.CepropWarning")
@pytest.mark.parametrize(
    ("learner", "expected"), [(AnyShape(epochs=20), {}), (CepClassifier(), EXPECTED)], ids=["any shape", "digits"]
)
def test_scikit_learns_own_checks(learner: CepClassifier, expected: dict[str, str]) -> None:
    found = check_estimator(learner, expected_failed_checks=expected, on_skip=None, on_fail=None)
    by_status: dict[str, dict[str, str]] = {}
    for check in found:
        by_status.setdefault(check["status"], {})[check["check_name"]] = str(check["exception"])
    assert by_status.get("failed", {}) == {}
    # What is declared fails, so that nothing stays declared for nothing.
    assert set(by_status.get("xfail", {})) == set(expected)
    # These two need packages or a setting that this project does not use.
    assert set(by_status.get("skipped", {})) <= {"check_array_api_input", "check_classifier_data_not_an_array"}
    assert len(by_status["passed"]) > (45 if not expected else 20)
