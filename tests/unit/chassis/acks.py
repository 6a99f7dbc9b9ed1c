"""Every form in which a server writes the subject to acknowledge message 7000 of SCHOOL, the 12th of its consumer."""

ACKS = [
    b"$JS.ACK.SCHOOL.c1.1.7000.12.1764131234567890123.345",
    b"$JS.ACK.hub.Ab12.SCHOOL.c1.1.7000.12.1764131234567890123.345",
    b"$JS.ACK.hub.Ab12.SCHOOL.c1.1.7000.12.1764131234567890123.345.x9Zq",
    b"$JS.ACK._.Ab12.SCHOOL.c1.1.7000.12.1764131234567890123.345.1",
]
"""Plain; with a domain; with a domain and a token; without a domain, in the long form."""
