"""History in windows: which model predicts which, and what retraining at one time or another is worth."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core.backtest import History, Trained
from core.decision import Decision
from core.features import FeatureColumns, feature_frame
from core.metrics import Floats, row_loss, score
from core.window_choice import choose_window

# Rows of a window on which models are told apart; more cost time, and all models are scored on the same ones.
MOST_SCORED = 3000
PHASES = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Step:
    """A window under a policy: which model predicted it, and what was decided at its end.

    Attributes:
        model: Window at whose end the model was trained.
        decision: None under a policy that needs no reasons.
        verdict: Of the training that followed, if one did.
    """

    model: int
    decision: Decision | None = None
    verdict: str | None = None


@dataclass
class Replay:
    """History in windows; models are trained when a policy asks for them, and shared between policies.

    Attributes:
        edges: Start of each window and the end of the last.
        first: Windows before the first training.
        metric: What is told of each window.
    """

    history: History
    edges: list[pd.Timestamp]
    first: int
    metric: str
    models: dict[int, Trained] = field(default_factory=dict)
    scores: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict)
    features: dict[tuple[int, FeatureColumns], pd.DataFrame] = field(default_factory=dict)
    predictions: dict[tuple[int, int], Floats] = field(default_factory=dict)

    @property
    def windows(self) -> range:
        """The windows that are scored."""
        return range(self.first, len(self.edges) - 1)

    def rows(self, window: int) -> pd.DataFrame:
        """All rows of a window."""
        return self.history.between(self.edges[window], self.edges[window + 1])

    def labelled(self, window: int) -> int:
        """The newest window all of whose labels are known at the end of a window."""
        span = (self.edges[1] - self.edges[0]).to_pytimedelta()
        return window - -(-self.history.label_delay // span)

    def model(self, window: int) -> Trained:
        """The model that is trained at the start of a window, on what is known by then."""
        if window not in self.models:
            self.models[window] = Trained(self._windowed(self.edges[window]), self.edges[window])
        return self.models[window]

    def _windowed(self, at: pd.Timestamp) -> History:
        history = self.history
        if not history.window.auto:
            return history
        known = replace(history, frame=history.known(at).reset_index(drop=True))
        return replace(history, window=choose_window(known, history.split.test, history.split.validation).window)

    def truth(self, window: int) -> Floats:
        """The target of a window's rows."""
        return self.history.coding.encode(self.rows(window)[self.history.learning.target])

    def prediction(self, model: int, window: int) -> Floats:
        """A model's predictions of a window's rows."""
        if (model, window) not in self.predictions:
            # Calendars ask for most of the later windows too, and a frame goes through a pipeline at a cost of its own.
            trained, n_windows = self.model(model), len(self.edges) - 1
            asked = [w for w in range(min(model, window), n_windows) if (model, w) not in self.predictions]
            rows = [self.raw(w, trained.columns) for w in asked]
            ends = np.cumsum([len(part) for part in rows])[:-1]
            found = np.split(trained.predict(pd.concat(rows)), ends)
            self.predictions |= {(model, w): part for w, part in zip(asked, found, strict=True)}
        return self.predictions[model, window]

    def raw(self, window: int, columns: FeatureColumns) -> pd.DataFrame:
        """The feature rows of a window."""
        if (window, columns) not in self.features:
            self.features[window, columns] = feature_frame(self.rows(window), columns)
        return self.features[window, columns]

    def scored(self, model: int, window: int) -> tuple[float, float]:
        """Mean loss and metric of a model on a window, on the same rows whichever the model."""
        if (model, window) not in self.scores:
            y, trained = self.truth(window), self.model(model)
            every = -(-len(y) // MOST_SCORED)
            y, prediction = y[::every], self.prediction(model, window)[::every]
            loss = float(row_loss(self.history.learning.problem, y, prediction).mean())
            self.scores[model, window] = (loss, score(self.metric, y, prediction, trained.threshold))
        return self.scores[model, window]

    def loss(self, path: Sequence[int]) -> float:
        """Mean loss over the windows when a path of models predicts them."""
        return float(np.mean([self.scored(m, w)[0] for m, w in zip(path, self.windows, strict=True)]))


def never(replay: Replay) -> list[Step]:
    """The first model for ever."""
    return [Step(replay.first) for _ in replay.windows]


def every_window(replay: Replay) -> list[Step]:
    """A new model for every window."""
    return [Step(window) for window in replay.windows]


def evenly(replay: Replay, n_retrainings: int, phase: float = 1.0) -> list[int]:
    """The path of a calendar: so many retrainings, equally far apart, the first after a phase (0 to 1) of that."""
    n = len(replay.windows)
    starts = {round((k + phase) * n / (n_retrainings + 1)) for k in range(n_retrainings)}
    newest, path = 0, []
    for place in range(n):
        newest = place if place in starts else newest
        path.append(replay.first + newest)
    return path


def calendar_loss(replay: Replay, n_retrainings: int) -> float:
    """Mean loss of such calendars over all their phases: where a calendar begins is luck."""
    return float(np.mean([replay.loss(evenly(replay, n_retrainings, phase)) for phase in PHASES]))


def gain(replay: Replay, path: Sequence[int]) -> float:
    """Share of what retraining in every window would have brought, in loss; NaN where that brings nothing."""
    stay, best = replay.loss([replay.first] * len(path)), replay.loss(list(replay.windows))
    return (stay - replay.loss(path)) / (stay - best) if stay > best else float("nan")


def calendar_losses(replay: Replay) -> list[float]:
    """Of calendars with 0, 1, 2 ... retrainings, up to one in every window."""
    stay = replay.loss([replay.first] * len(replay.windows))
    return [stay, *(calendar_loss(replay, n) for n in range(1, len(replay.windows)))]


def saving(replay: Replay, path: Sequence[int], n_retrainings: int, *, steady: bool = False) -> float:
    """Evenly spaced retrainings that reach the same loss, over its own number.

    NaN without a retraining; where no calendar reaches it, one retraining in every window stands for them.

    Args:
        replay: History.
        path: The model of each window.
        n_retrainings: Its own number.
        steady: Whether all denser calendars must reach it too. Where a single new model makes the difference, a sparse
            calendar can be as good by falling on the right day; nobody could have chosen it for that.
    """
    if not n_retrainings:
        return float("nan")
    wanted, losses = replay.loss(path), calendar_losses(replay)
    reached = [loss <= wanted for loss in losses]
    if steady:
        reached = [all(reached[n:]) for n in range(len(reached))]
    n = reached.index(True) if any(reached) else len(losses) - 1
    before, at = losses[max(n - 1, 0)], losses[n]
    # Between two calendars: as far as the loss is between theirs.
    inside = (wanted - at) / (before - at) if before > wanted >= at else 0.0
    return (n - inside) / n_retrainings
