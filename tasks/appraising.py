"""What is written down of a new version, from predictions and rows that are in the store already."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from adapters.provenance import packages
from adapters.storage import read_array
from core.appraisal import MOST_VALUES, Appraisal, Scored, appraise
from core.data_facts import column_facts, part_facts
from core.records import Report
from core.spec import TrainingSpec
from core.target import TargetCoding

# Groups of rows that nobody declared are shown for the categories that the model leans on most.
N_UNDECLARED = 2
Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def appraise_parts(
    parts: Parts, report: Report, coding: TargetCoding, spec: TrainingSpec, blocks: NDArray[np.int64] | None
) -> Appraisal:
    """The appraisal of a version.

    Args:
        parts: Rows of train, validation and test.
        report: The evaluation, with the address of the predictions.
        coding: Of the target.
        spec: The model's YAML.
        blocks: Which test rows err together.
    """
    train, _, test = parts
    y, prediction = coding.encode(test[spec.target.column]), np.asarray(read_array(report.predictions))
    scored = Scored(coding.problem, tuple(map(str, coding.classes)), y, prediction, report.threshold, blocks)
    told = appraise(scored, spec.metric, spec.seed, _slices(test, report, spec))
    named = zip(("train", "validation", "test"), parts, strict=True)
    return replace(
        told,
        parts=tuple(part_facts(name, part, spec.data.time) for name, part in named),
        columns=column_facts(train),
        packages=tuple(packages().items()),
    )


def _slices(test: pd.DataFrame, report: Report, spec: TrainingSpec) -> dict[str, tuple[pd.Series, bool]]:
    declared = [name for name in spec.gate.slices.columns if name in test]
    categories = [
        feature.column for feature in report.features if feature.kind == "category" and feature.column in test
    ]
    free = [name for name in categories if name not in declared and 2 <= test[name].nunique() <= MOST_VALUES]
    return {name: (test[name], name in declared) for name in (*declared, *free[:N_UNDECLARED])}
