from services.projections.live import Changes, Subscription

A, B = "0310001X", "0310002Y"


async def test_a_page_is_woken_by_what_changes_in_its_schools_only() -> None:
    page = Subscription(frozenset({A}))
    page.tell(frozenset({B}))
    assert not await page.wait(0.01)
    page.tell(frozenset({A, B}))
    assert await page.wait(0.01)
    assert not await page.wait(0.01)


async def test_a_change_everywhere_wakes_every_page() -> None:
    page = Subscription(frozenset({A}))
    page.tell(frozenset({"*"}))
    assert await page.wait(0.01)


async def test_pages_are_let_go_when_the_service_stops() -> None:
    changes = Changes("")
    with changes.subscription(frozenset({A})) as page:
        changes.end()
        assert page.over
    with changes.subscription(frozenset({A})) as late:
        assert late.over
