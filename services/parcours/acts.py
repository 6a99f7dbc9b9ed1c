"""Which command asks what of a parcours: a line each. Opening is the application's: it also concerns the pupil."""

from collections.abc import Callable
from typing import Any

from contracts import parcours_commands as asked
from contracts.parcours import ParcoursState
from services.parcours.acting import Act
from services.parcours.domain import Parcours
from services.parcours.events import Of
from services.parcours.rules import Regulation


def _propose(parcours: Parcours, said: asked.ProposeParcours, rules: Regulation, act: Act) -> ParcoursState:
    of = Of(said.student_id, said.uai, said.scheme.value)
    return parcours.propose(of, rules, act, said.alert_id, said.gpds_on)


def _turn_down(parcours: Parcours, _: asked.RefuseParcours, __: Regulation, act: Act) -> ParcoursState:
    return parcours.turn_down(act)


def _sign(parcours: Parcours, said: asked.SignConvention, rules: Regulation, act: Act) -> ParcoursState:
    return parcours.sign_convention(said.partner, said.signed_on, said.since, rules, act)


def _appoint(parcours: Parcours, said: asked.AppointReferent, _: Regulation, act: Act) -> ParcoursState:
    return parcours.appoint_referent(said.referent_id, act)


def _plan(parcours: Parcours, said: asked.PlanPlacement, rules: Regulation, act: Act) -> ParcoursState:
    return parcours.plan(said.placement_id, (said.starts_on, said.ends_on), rules, act)


def _change(parcours: Parcours, said: asked.ChangePlacement, rules: Regulation, act: Act) -> ParcoursState:
    return parcours.change(said.placement_id, (said.starts_on, said.ends_on), rules, act)


def _cancel(parcours: Parcours, said: asked.CancelPlacement, rules: Regulation, act: Act) -> ParcoursState:
    return parcours.cancel(said.placement_id, rules, act)


def _review(parcours: Parcours, said: asked.HoldReview, rules: Regulation, act: Act) -> ParcoursState:
    return parcours.hold_review(said.held_on, rules, act)


def _suspend(parcours: Parcours, said: asked.SuspendParcours, _: Regulation, act: Act) -> ParcoursState:
    return parcours.suspend(said.since, act)


def _resume(parcours: Parcours, said: asked.ResumeParcours, _: Regulation, act: Act) -> ParcoursState:
    return parcours.resume(said.since, act)


def _extend(parcours: Parcours, said: asked.ExtendParcours, rules: Regulation, act: Act) -> ParcoursState:
    return parcours.extend(said.ends_on, rules, act)


def _close(parcours: Parcours, said: asked.CloseParcours, _: Regulation, act: Act) -> ParcoursState:
    return parcours.close(said.outcome, said.closed_on, act)


ACTS: dict[type[asked.ParcoursCommand], Callable[[Parcours, Any, Regulation, Act], ParcoursState]] = {
    asked.ProposeParcours: _propose,
    asked.RefuseParcours: _turn_down,
    asked.SignConvention: _sign,
    asked.AppointReferent: _appoint,
    asked.PlanPlacement: _plan,
    asked.ChangePlacement: _change,
    asked.CancelPlacement: _cancel,
    asked.HoldReview: _review,
    asked.SuspendParcours: _suspend,
    asked.ResumeParcours: _resume,
    asked.ExtendParcours: _extend,
    asked.CloseParcours: _close,
}
