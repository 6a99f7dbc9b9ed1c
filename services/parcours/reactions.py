"""Which contract event makes the application do what."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError

from chassis.database import Transaction
from chassis.messages import Message, Unprocessable
from contracts.envelope import Envelope
from contracts.school import StudentErased
from services.parcours.application import ParcoursService


class Erasures:
    """The reader's handler: pupils erased from the register are forgotten here too."""

    def __init__(self, application: ParcoursService) -> None:
        self._application = application

    def decode(self, message: Message) -> UUID:
        """The pupil's id. Raises Unprocessable."""
        try:
            return Envelope[StudentErased].model_validate_json(message.data).data.student_id
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Unprocessable(f"{where or 'message'}: {first['type']}") from None

    def handle(self, tx: Transaction, items: Sequence[UUID]) -> None:
        """Forget them."""
        self._application.erase(tx, items)

    def forget(self) -> None:
        """Nothing is remembered."""
