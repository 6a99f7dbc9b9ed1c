"""A pod that is asked to stop is given the time that its code takes."""

import pytest

from chassis import nats, service
from contracts.catalogue import SERVICES
from services.notifications.courier import MailRelay
from services.notifications.settings import NotificationsSettings
from tests.deploy.manifests import OVERLAYS, containers, environment, name_of, ours, pod
from tests.deploy.test_settings import settings_of

CONNECTIONS_S = 5
"""To give those of the database back."""


def stop_limit_s(overlay: str, name: str) -> float:
    told = next(environment(overlay, each) for each in ours(overlay) if name_of(each) == name)
    default = settings_of(name).model_fields["stop_limit_s"].default
    return float(told.get("PERSEVERANCE_STOP_LIMIT_S", default))


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_killed_that_would_still_have_ended_by_itself(overlay: str, name: str) -> None:
    for workload in ours(overlay):
        if name_of(workload) == name:
            asleep = containers(workload)[0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            requests, answers = service._STOP_LIMIT_S, service._STOP_LIMIT_S
            in_hand = stop_limit_s(overlay, name)
            leaving = settings_of(name).model_fields["leave_s"].default
            needed = asleep + leaving + requests + in_hand + answers + nats._DRAIN_LIMIT_S + CONNECTIONS_S
            assert pod(workload)["terminationGracePeriodSeconds"] > needed


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_longest_mail_is_not_cut_off(overlay: str) -> None:
    told = next(environment(overlay, each) for each in ours(overlay) if name_of(each) == "notifications")
    settings = NotificationsSettings(
        nats_url="nats://none",
        database_url="",
        smtp_timeout_s=float(told["PERSEVERANCE_SMTP_TIMEOUT_S"]),
        stop_limit_s=stop_limit_s(overlay, "notifications"),
    )
    relay = MailRelay("", 0, "", timeout_s=settings.smtp_timeout_s)
    assert settings.sender_stop_s >= relay.longest_s
