"""Examples of the directory, and of what people ask of an alert."""

from datetime import date
from uuid import UUID

from contracts.alerts import AlertState, CloseMotive, FollowUp
from contracts.commands import AcknowledgeAlert, CloseAlert, Command, CommandReply, RecordFollowUp
from contracts.directory import Actor, Role, School, SchoolType
from contracts.examples.common import ALERT, ATTENDANCE, HEAD, UAI
from contracts.examples.parcours import PARCOURS_COMMANDS


def school(*, uai: str = UAI, name: str = "Lycée des Tilleuls", network: str = "FOQUALE-31-1") -> School:
    """A school (invented) and its territories."""
    return School(
        uai=uai,
        name=name,
        type=SchoolType.LP,
        department="31",
        basin="BASSIN-31-1",
        network=network,
        psad="PSAD-31-1",
        cio="CIO-31-1",
        mission_locale="ML-31",
    )


def actor(
    *,
    id: str = HEAD,  # noqa: A002  the contract's own name for it
    role: Role = Role.CHEF_ETAB,
    territory: str = UAI,
    name: str = "Dominique Exemple",
    email: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Actor:
    """Someone (invented) with a role on a territory; the address follows from the id."""
    return Actor(
        id=id,
        name=name,
        email=email or f"{id}@example.org",
        role=role,
        territory=territory,
        since=since,
        until=until,
    )


def acknowledge(command_id: int = 1, actor_id: str = HEAD, alert_id: UUID = ALERT) -> AcknowledgeAlert:
    """I take this alert in charge."""
    return AcknowledgeAlert(
        command_id=UUID(int=command_id), actor_id=actor_id, attendance_id=ATTENDANCE, alert_id=alert_id
    )


def record_follow_up(
    command_id: int = 2,
    actor_id: str = HEAD,
    alert_id: UUID = ALERT,
    kind: FollowUp = FollowUp.FAMILY_CONTACTED,
    on: date = date(2025, 10, 10),
) -> RecordFollowUp:
    """I did this about it."""
    return RecordFollowUp(
        command_id=UUID(int=command_id),
        actor_id=actor_id,
        attendance_id=ATTENDANCE,
        alert_id=alert_id,
        kind=kind,
        on=on,
    )


def close(
    command_id: int = 3,
    actor_id: str = HEAD,
    alert_id: UUID = ALERT,
    motive: CloseMotive = CloseMotive.ATTENDANCE_RESTORED,
) -> CloseAlert:
    """I close it."""
    return CloseAlert(
        command_id=UUID(int=command_id),
        actor_id=actor_id,
        attendance_id=ATTENDANCE,
        alert_id=alert_id,
        motive=motive,
    )


COMMANDS: dict[type[Command], Command] = {
    AcknowledgeAlert: acknowledge(),
    RecordFollowUp: record_follow_up(),
    CloseAlert: close(),
    **PARCOURS_COMMANDS,
}
DONE = CommandReply(outcome="done", state=AlertState.ACKNOWLEDGED)
REFUSED = CommandReply(
    outcome="refused",
    state=AlertState.CLOSED,
    code="already_closed",
    reason="Cette alerte est déjà close.",
    rule="ABS-11",
    source="Code de l’éducation, article R. 131-7",
    remedy="Suivez l’alerte qui la remplace, s’il y en a une.",
)
