"""Builds what learns from people's acts, and what reports go through."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from alphorn.app.engines import teller
from alphorn.base import settings as table
from alphorn.base.layout import Layout
from alphorn.base.settings import Settings
from alphorn.base.trace import TraceEvent
from alphorn.directory.view import DirectoryView
from alphorn.operations.acquaintances import Acquaintances
from alphorn.operations.learn import Learning, LearningParts
from alphorn.operations.observe import Count, Observer
from alphorn.operations.report import Enqueue, Reports
from alphorn.store.api import Store
from alphorn.store.reported import Reported
from alphorn.store.spam_lessons import SpamLessons
from alphorn.store.spam_model import SpamModel
from alphorn.store.state import State


@dataclass(frozen=True, slots=True)
class Learned:
    learning: Learning
    acquaintances: Acquaintances
    reports: Reports
    observer: Observer


def build(
    layout: Layout,
    settings: Settings,
    closing: ExitStack,
    *,
    store: Store,
    view: DirectoryView,
    state: State,
    record: Callable[[TraceEvent], None],
    enqueue: Enqueue,
    count: Count,
) -> Learned:
    """Opens no file yet. What is to be closed is left with `closing`."""
    model = SpamModel(layout.spam_model)
    lessons = SpamLessons(layout.spam_lessons, model)
    closing.callback(lessons.close)
    reported = Reported(layout.reported)
    closing.callback(reported.close)
    learning = Learning(
        LearningParts(
            store=store,
            view=view,
            counters=state,
            model=model,
            lessons=lessons,
            reported=reported,
            trace=record,
            hostname=settings[table.HOSTNAME],
            tell=teller(settings),
        )
    )
    acquaintances = Acquaintances(learning)
    reports = Reports(learning, enqueue, postmaster=settings[table.POSTMASTER])
    observer = Observer(learning, acquaintances, reports, count=count)
    closing.callback(observer.close)
    return Learned(learning, acquaintances, reports, observer)
