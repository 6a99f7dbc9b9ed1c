"""Just enough of a page's tree to ask it what an assistive technology would."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "input", "br", "hr", "source", "wbr"}


@dataclass(eq=False)
class Node:
    """An element, its attributes, its children in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)
    parent: "Node | None" = None

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, default)

    def walk(self) -> Iterator["Node"]:
        """This element and all below, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, *tags: str, where: Callable[["Node"], bool] = lambda _: True) -> list["Node"]:
        """The elements below with one of these tags."""
        return [node for node in self.walk() if node.tag in tags and where(node)]

    def one(self, *tags: str, where: Callable[["Node"], bool] = lambda _: True) -> "Node":
        """The only one."""
        (node,) = self.all(*tags, where=where)
        return node

    def by_id(self, name: str) -> "Node | None":
        """The element of this id."""
        return next((node for node in self.walk() if node.get("id") == name), None)

    def above(self) -> Iterator["Node"]:
        """What it is in, from near to far."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def raw_text(self) -> str:
        """All text below, as it is."""
        return "".join(child if isinstance(child, str) else child.raw_text for child in self.children)

    @property
    def text(self) -> str:
        """All text below, spaces made one."""
        return " ".join(self.raw_text.replace("\u00a0", " ").replace("\u202f", " ").split())


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Node("#page")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, parent=self.here)
        self.here.children.append(node)
        if tag not in _VOID:
            self.here = node

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def parse(html: str) -> Node:
    """The tree of a page; fails where a tag is not closed."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert builder.here is builder.root, f"<{builder.here.tag}> is not closed"
    return builder.root
