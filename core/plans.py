"""From the spec to what each stage needs of it: a new gate threshold must not recompute features."""

from core.drift import DriftPlan
from core.families import FAMILIES, baselines_for, families_for
from core.features import FeaturePlan
from core.fitting import LastFit, Learning
from core.lags import LagPlan
from core.learning_spec import SearchSpec
from core.sentinel import SentinelPlan
from core.spec import TrainingSpec
from core.splitting import SplitPlan
from core.window_choice import WindowPlan


def split_plan(spec: TrainingSpec) -> SplitPlan:
    """How rows are split."""
    by = spec.split_by
    columns = {"time": (spec.data.time,), "group": (spec.data.group,), "hash": spec.data.key}[by]
    return SplitPlan(
        by=by,
        columns=tuple(str(column) for column in columns),
        test=spec.split.test,
        validation=spec.split.validation,
        gap=spec.split.gap,
        # A lag of a row that is there already can come later, with an earlier row: it must not move the row.
        excluded=(spec.target.column, *(lags.made if (lags := lag_plan(spec)) else ())),
        salt=spec.split.salt,
        label=None if spec.problem == "regression" else spec.target.column,
    )


def lag_plan(spec: TrainingSpec) -> LagPlan | None:
    """Which values of earlier rows become columns."""
    lags = spec.features.lags
    return LagPlan(lags.columns, lags.by, lags.periods, str(spec.data.time)) if lags else None


def feature_plan(spec: TrainingSpec) -> FeaturePlan:
    """Which columns are features, and how they are encoded."""
    problem = str(spec.problem)
    families = [FAMILIES[name] for name in families_for(problem, spec.search.families)]
    wanted = spec.features.interactions
    recipes = {family.recipe for family in (*families, *baselines_for(problem).values())}
    return FeaturePlan(
        excluded=never_features(spec),
        declared=_declared(spec),
        rare_share=spec.features.rare_category_share,
        recipes=tuple(sorted(recipes)),
        dates=spec.features.dates == "auto",
        text=spec.features.text == "auto",
        interactions=wanted if isinstance(wanted, int) else 0,
        pairs=wanted if isinstance(wanted, tuple) else (),
        selection=spec.features.selection == "auto",
        # Not to compute features anew for a seed that changes nothing of them.
        seed=spec.seed if spec.features.selection == "auto" or wanted != "off" else 0,
        ranked=tuple(sorted({family.recipe for family in families if family.asks_pairs})),
    )


def window_plan(spec: TrainingSpec) -> WindowPlan:
    """How windows to train on are compared."""
    family = families_for(str(spec.problem), spec.search.families)[0]
    return WindowPlan(str(spec.data.time), learning(spec), feature_plan(spec), split_plan(spec), family)


def sentinel_plan(spec: TrainingSpec) -> SentinelPlan:
    """Where the sentinel looks, and what its findings do."""
    return SentinelPlan(
        target=spec.target.column,
        excluded=never_features(spec),
        time=spec.data.time,
        group=spec.data.group,
        by_time=spec.split_by == "time",
        levels=spec.sentinel,
    )


def never_features(spec: TrainingSpec) -> tuple[str, ...]:
    """Columns with a role, and those that the YAML drops."""
    roles = {spec.target.column, *spec.data.key, spec.data.time, spec.data.group, *spec.features.drop} - {None}
    return tuple(sorted(str(role) for role in roles))


def drift_plan(spec: TrainingSpec) -> DriftPlan:
    """How strictly a window is compared with the reference.

    Where one window alone can be the reason, each of the windows that are looked at is a chance for a false alarm.
    """
    monitor = spec.monitor
    looks = monitor.persistence.among if monitor.persistence.needed == 1 else 1
    return DriftPlan(monitor.false_alarms / looks, monitor.reference, spec.seed, monitor.context)


def _declared(spec: TrainingSpec) -> tuple[tuple[str, str], ...]:
    types: dict[str, str] = {name: column.type for name, column in spec.contract.columns.items()}
    lags = lag_plan(spec)
    of_lags = {name: types[column] for name, (column, _) in (lags.made if lags else {}).items() if column in types}
    return tuple(sorted((types | of_lags).items()))


def learning(spec: TrainingSpec) -> Learning:
    """What is learned, by which metric, with which seed."""
    target = spec.target
    return Learning(
        target=target.column,
        problem=str(spec.problem),
        metric=spec.metric,
        seed=spec.seed,
        weights=target.weights,
        log=target.log,
        threshold=None if target.threshold == "auto" else target.threshold,
    )


def search_plan(spec: TrainingSpec) -> SearchSpec:
    """The search with its metric spelled out, and without what only the last fit reads."""
    return spec.search.model_copy(update={"metric": spec.metric, "calibration": "off", "distributed": False})


def last_fit(spec: TrainingSpec) -> LastFit:
    """How the best candidates are fitted once more."""
    return LastFit(spec.search.calibration == "auto", spec.search.distributed)
