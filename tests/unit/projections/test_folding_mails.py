import itertools

import pytest

from contracts.examples import mail_failed, mail_requested, mail_sent
from services.projections.folding.mails import MailRow, MailsFold
from tests.unit.projections.given import folded


def only(fold: MailsFold) -> MailRow:
    (row,) = fold.rows.values()
    return row


def test_an_email_asked_for_waits_to_be_sent() -> None:
    row = only(folded(MailsFold(), [mail_requested()]))
    assert (row.state, row.attempts, row.doubtful, row.message_id) == ("requested", 0, False, None)


def test_an_accepted_email_keeps_its_proof() -> None:
    row = only(folded(MailsFold(), [mail_requested(), mail_failed(attempt=1), mail_sent(attempt=2)]))
    assert (row.state, row.attempts, row.doubtful) == ("sent", 2, False)
    assert row.message_id
    assert row.rendered_hash
    assert row.sent_at


def test_a_lost_answer_stays_in_doubt_whatever_is_deferred_after_it() -> None:
    row = only(folded(MailsFold(), [mail_failed(outcome="uncertain", attempt=1), mail_failed(attempt=2)]))
    assert (row.state, row.doubtful, row.attempts) == ("uncertain", True, 2)


def test_a_lost_answer_is_still_told_once_the_email_was_accepted() -> None:
    row = only(folded(MailsFold(), [mail_failed(outcome="uncertain"), mail_sent(attempt=2, doubtful=True)]))
    assert (row.state, row.doubtful) == ("sent", True)


@pytest.mark.parametrize("outcome", ["refused", "unaddressed", "cancelled"])
def test_what_is_final_is_shown_even_after_a_doubt(outcome: str) -> None:
    row = only(folded(MailsFold(), [mail_failed(outcome="uncertain"), mail_failed(outcome=outcome)]))  # type: ignore[arg-type]
    assert (row.state, row.doubtful) == (outcome, True)


def test_attempts_never_go_back() -> None:
    for order in itertools.permutations([1, 2, 3]):
        row = only(folded(MailsFold(), [mail_failed(attempt=attempt) for attempt in order]))
        assert row.attempts == 3
