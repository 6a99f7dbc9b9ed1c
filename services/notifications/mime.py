"""The bytes of an e-mail: headers, a text and an HTML part.

Written out by hand because the standard library takes nine milliseconds for it, and draws a boundary at random.
"""

import binascii
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache

from contracts.directory import is_address

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_UNSAFE = re.compile(r"[^\x20-\x7e]")
_ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")
_WORD_BYTES = 42  # 56 characters once encoded: a line of 76 is never passed


def one_line(text: str) -> str:
    """`text` without what could end a header, turn a line around, or not be encoded."""
    return " ".join(_CONTROLS.sub(" ", text).split(" ")).strip()


def usable(address: str) -> bool:
    """Whether `address` can be written in an envelope and in a header."""
    return is_address(address) and not _UNSAFE.search(address)


@lru_cache(4096)
def phrase(text: str) -> str:
    """Free text as a header holds it: as it is, or in encoded words of RFC 2047, one a line."""
    text = one_line(text)
    if text.isascii() and "=?" not in text:
        return text
    words, word = [], ""
    for character in text:
        if len((word + character).encode()) > _WORD_BYTES:
            words.append(word)
            word = ""
        word += character
    return "\r\n ".join(f"=?utf-8?b?{b64encode(each.encode()).decode()}?=" for each in (*words, word))


def mailbox(name: str, address: str) -> str:
    """`Name <address>`; the address must be `usable`."""
    written = phrase(name)
    if written and not _ATOMS.fullmatch(written) and not written.startswith("=?"):
        written = '"' + written.replace("\\", "").replace('"', "'") + '"'
    return f"{written}\r\n <{address}>" if written else f"<{address}>"


def assemble(headers: Mapping[str, str], text: str, html: str, boundary: str) -> bytes:
    """A multipart/alternative message. Raises ValueError for a header that could hide another one."""
    lines = [_header(name, value) for name, value in headers.items()]
    lines += [
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
        "",
        *_part("plain", text, boundary),
        *_part("html", html, boundary),
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def _header(name: str, value: str) -> str:
    if _UNSAFE.search(value.replace("\r\n ", " ")):
        raise ValueError(f"the header {name} holds a character that it must not")
    return f"{name}: {value}"


def _part(subtype: str, content: str, boundary: str) -> tuple[str, ...]:
    encoded = binascii.b2a_qp(content.encode(), istext=True).decode("ascii")
    return (
        f"--{boundary}",
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        encoded.replace("\r\n", "\n").replace("\n", "\r\n"),
    )
