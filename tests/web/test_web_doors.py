"""Probes and numbers are for those beside the service; the ingress passes every path on, and finds only pages."""

import pytest

from tests.web.conftest import House

INSIDE = ("/live", "/ready", "/metrics")


@pytest.mark.parametrize("path", INSIDE)
async def test_who_comes_straight_is_answered(house: House, path: str) -> None:
    async with house.browser() as probe:
        assert (await probe.get(path)).status_code == 200


@pytest.mark.parametrize("path", INSIDE)
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
async def test_who_comes_through_a_proxy_finds_no_such_page(house: House, path: str, header: str) -> None:
    async with house.browser("chef-tilleuls") as somebody:
        answer = await somebody.get(path, headers={header: "for=192.0.2.1"})
        assert answer.status_code == 404
        assert "perseverance_" not in answer.text
        assert (await somebody.get("/", headers={header: "for=192.0.2.1"})).status_code == 200
