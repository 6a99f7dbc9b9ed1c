"""Which command asks what of a file: a line each."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chassis.clock import PARIS
from contracts.alerts import AlertState
from contracts.commands import AcknowledgeAlert, AlertCommand, CloseAlert, RecordFollowUp
from services.alerts.domain import Attendance


def _acknowledge(file: Attendance, said: AcknowledgeAlert, now: datetime) -> AlertState:
    return file.acknowledge(said.alert_id, said.actor_id, said.command_id, now)


def _follow_up(file: Attendance, said: RecordFollowUp, now: datetime) -> AlertState:
    today = now.astimezone(PARIS).date()
    return file.follow_up(said.alert_id, said.kind, said.on, said.actor_id, said.command_id, now, today)


def _close(file: Attendance, said: CloseAlert, now: datetime) -> AlertState:
    return file.close(said.alert_id, said.motive, said.actor_id, said.command_id, now)


ACTS: dict[type[AlertCommand], Callable[[Attendance, Any, datetime], AlertState]] = {
    AcknowledgeAlert: _acknowledge,
    RecordFollowUp: _follow_up,
    CloseAlert: _close,
}
