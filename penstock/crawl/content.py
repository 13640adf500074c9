"""Finding the main content of a web page, in three steps that mostly run inside resiliparse.

1. *Where.* Paragraphs (`p`, `pre`, `blockquote`, text with `br` in it) of some length vote with it
   for every element around them; the deepest element with most of the votes holds the content.
   Those in navigation, comments and what is named like it have no vote, unless nothing else has.
   If the headline stands just outside, the element that has both is taken, so that no opening is
   lost.
2. *What not.* Elements inside that are tagged or named as something else (`aside`, `share`,
   `related`, …) are removed, unless they hold a good part of all text.
3. *Which lines.* See `lines.py`: links that stand alone go, what stands before the first or after
   the last sentence, and sections under such headings as "Related articles".

That paragraphs vote for what is around them is Readability's idea. The names and thresholds were
chosen on labelled pages; docs/decisions/0009-extraction.md has the figures.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from penstock.crawl.lines import Line, lines_of, relevant, size_of, trimmed

# A paragraph votes from this size on, and with at most that, or that if it has `br` in it.
MIN_PARAGRAPH = 40
MAX_VOTE = 400
MAX_BROKEN_VOTE = 1200
# The element that holds the content has at least this share of the votes.
MOST = 0.85
# An element named like something else is a mere wrapper if it has this share of all votes.
WRAPPER = 0.4
# Comments are the content where there is less than this beside them, as in a thread.
THREAD = 500
# With fewer votes than this no element is trusted: the page is taken as a whole.
WEAK = 500
# The headline's element is taken if the content is at least this part of it.
HEADLINE = 0.5
# What looks superfluous but holds more than this share of the text stays.
TOO_MUCH = 0.3
# A page is doubtful that keeps less than this share of its text, though what it keeps is prose: to
# more than this share, sentences. (Of lists and tables nobody else makes more.)
DOUBTFUL = 0.8
# A page is doubtful that keeps hardly anything.
HARDLY = 0.2

_PARAGRAPHS = ("p", "pre", "blockquote")
_VOTERS = ",".join([*_PARAGRAPHS, "h1", ":is(div,td,section,article,span):has(> br):not(:has(p))"])
_OTHER_TAGS = {"aside", "footer", "nav", "form", "time", "dialog"}
_SAFE_TAGS = {"article", "main", "body", "html"}
# Words in class and id that say what an element is. `share-box` and `post_share` have `share`.
_OTHER_WORDS = """
    footer nav navbar navigation menu submenu dropdown modal popup dialog tooltip sidebar related
    recommended recommendations breadcrumb breadcrumbs social share sharing newsletter subscribe
    subscription signup login cart copyright disclaimer legal cookie cookies consent byline bio
    pagination pager promo sponsor sponsored advert advertisement ad ads cta button buttons badge
    author date meta tags actions trending popular teaser teasers banner caption captions credit
    credits tool tools toolbar more
"""
_COMMENT_WORDS = "comment comments commentlist respond reply replies review reviews"
_OTHER = frozenset(_OTHER_WORDS.split())
_COMMENT = frozenset(_COMMENT_WORDS.split())
# A class attribute longer than this is not looked at to its end.
_NAMES_READ = 200


def _named(where: str, parts: str) -> str:
    any_of = ",".join(f'[{where}*="{part}" i]' for part in parts.split())
    return f"[{where}]:is({any_of})"


# The parser finds what may be named so; most of the words, in the fewest tests.
_OTHER_SELECTOR = ",".join(
    [
        *sorted(_OTHER_TAGS),
        _named(
            "class",
            "footer menu nav modal cta meta author button disclaimer promo dropdown related sidebar"
            " banner shar social caption date newsletter",
        ),
        _named("id", "footer menu nav sidebar related shar"),
    ]
)
_COMMENT_SELECTOR = ",".join(
    [_named("class", "comment respond repl review"), _named("id", "comment respond")]
)
_NOT_TEXT = ("img", "area", "svg", "video", "audio", "object", "embed", "figcaption")


class Content(NamedTuple):
    """The main content of a page, and whether a slower extractor had better look at it."""

    text: str
    doubtful: bool


def main_content(tree: Any) -> Content:
    """The main content of a parsed page, one line a block. The tree is changed.

    >>> from resiliparse.parse.html import HTMLTree
    >>> text = "A dam holds back a river, in spring above all, and lets it go in summer."
    >>> page = f"<nav><a href='/'>Home</a></nav><div><p>{text}</p><p>Share</p></div>"
    >>> main_content(HTMLTree.parse(page)).text == text
    True
    """
    from resiliparse.extract.html2text import extract_plain_text

    if tree.body is None or tree.body.tag != "body":
        return Content("", False)
    found = _choose(tree.body)
    if found.votes >= WEAK:
        if found.element.tag != "body":
            tree.body.replace_children(found.element)
        _prune(tree.body, found.comments)
    else:
        _deepen(tree)
    markup = extract_plain_text(
        tree,
        main_content=found.votes < WEAK,
        preserve_formatting="minimal_html",
        links=True,
        skip_elements=_NOT_TEXT,
    )
    lines = list(lines_of(markup))
    kept = trimmed(relevant(lines))
    text = "\n".join(f"- {line.text}" if line.item else line.text for line in kept)
    return Content(text, found.desperate or _is_doubtful(lines, kept))


def _is_doubtful(lines: list[Line], kept: list[Line]) -> bool:
    everything, rest = (sum(line.size for line in some) for some in (lines, kept))
    prose = sum(line.size for line in kept if line.sentence)
    much_went = rest < DOUBTFUL * everything and prose > DOUBTFUL * rest
    return much_went or rest < HARDLY * everything


class _Choice(NamedTuple):
    element: Any
    votes: int
    comments: bool  # comments are the content
    desperate: bool  # only what is named like something else was left


# The votes of paragraphs by the element they stand in.
_Votes = dict[Any, int]


def _votes(body: Any) -> tuple[_Votes, list[Any]]:
    """The votes of a page's paragraphs, and its headlines."""
    votes: _Votes = {}
    headlines = []
    for voter in body.query_selector_all(_VOTERS).values():
        tag = voter.tag
        size = size_of(voter.text.strip())
        if tag == "h1":
            headlines.append(voter)
        elif size < MIN_PARAGRAPH:
            continue
        elif tag in _PARAGRAPHS:
            around = voter.parent
            votes[around] = votes.get(around, 0) + min(size, MAX_VOTE)
        elif not _is_linked(voter, size):
            votes[voter] = votes.get(voter, 0) + min(size, MAX_BROKEN_VOTE)
    return votes, headlines


def _choose(body: Any) -> _Choice:
    """The element that holds the content."""
    votes, headlines = _votes(body)
    ancestors = _Ancestors()
    everything, total = ancestors.counted(votes), sum(votes.values())
    others = {one for one in ancestors.others if everything[one] < WRAPPER * total}
    plain = ancestors.outside(others, votes)
    used = ancestors.outside(ancestors.comments, plain)
    comments = sum(used.values()) < min(THREAD, sum(plain.values()) / 2)
    if comments:
        used = plain
    desperate = sum(used.values()) < min(WEAK, total / 5)
    if desperate:
        used = votes
    size = sum(used.values())
    holders = [one for one, count in ancestors.counted(used).items() if count >= MOST * size]
    best = max(holders, key=lambda one: len(ancestors.of(one)), default=body)
    return _Choice(_with_headline(best, headlines, ancestors), size, comments, desperate)


def _is_linked(element: Any, size: int) -> bool:
    """Whether an element is a list of links rather than text."""
    links = element.query_selector_all("a").values()
    return sum(size_of(link.text.strip()) for link in links) > size / 2


class _Ancestors:
    """The chains of elements above elements, outermost first, each element looked at once."""

    def __init__(self) -> None:
        self.chains: dict[Any, tuple[Any, ...]] = {}
        self.others: list[Any] = []
        self.comments: set[Any] = set()

    def of(self, element: Any) -> tuple[Any, ...]:
        """The chain down to the element, itself included."""
        below = []
        chain: tuple[Any, ...] | None
        while (chain := self.chains.get(element)) is None:
            below.append(element)
            tag, parent = element.tag, element.parent
            if tag == "body" or parent is None:
                chain = ()
                break
            kind = _kind(tag, element.class_name, element.id)
            if kind == "other" and tag != "form":  # whole pages stand in forms
                self.others.append(element)
            elif kind == "comment":
                self.comments.add(element)
            element = parent
        for one in reversed(below):
            chain = self.chains[one] = (*chain, one)
        return chain

    def counted(self, votes: _Votes) -> _Votes:
        """The votes for every element around paragraphs."""
        counts: _Votes = {}
        for parent, size in votes.items():
            for one in self.of(parent):
                counts[one] = counts.get(one, 0) + size
        return counts

    def outside(self, elements: set[Any], votes: _Votes) -> _Votes:
        """The votes without those of paragraphs within some elements."""
        if not elements:
            return votes
        return {
            parent: size for parent, size in votes.items() if elements.isdisjoint(self.of(parent))
        }


@lru_cache(10_000)
def _kind(tag: str, classes: str | None, name: str | None) -> str:
    """What an element is by its tag and names: "other" than content, a "comment", or ""."""
    if tag in _OTHER_TAGS:
        return "other"
    if tag in _SAFE_TAGS or not (classes or name):
        return ""
    names = f"{(classes or '')[:_NAMES_READ]} {(name or '')[:_NAMES_READ]}".lower()
    words = names.replace("-", " ").replace("_", " ").split()
    if not _OTHER.isdisjoint(words):
        return "other"
    return "" if _COMMENT.isdisjoint(words) else "comment"


def _with_headline(best: Any, headlines: list[Any], ancestors: _Ancestors) -> Any:
    """The element, or the one around it that has the headline too, if that is not much more."""
    chain = ancestors.of(best)
    if len(chain) < 2 or not 0 < len(headlines) < 4:
        return best
    nearest = 0
    for headline in headlines:
        pairs = zip(chain, ancestors.of(headline), strict=False)
        shared = sum(one == other for one, other in pairs)
        if shared == len(chain):
            return best
        nearest = max(nearest, shared - 1)
    around = chain[nearest]
    worth = nearest > 0 and len(best.text) >= HEADLINE * len(around.text)
    return around if worth else best


def _prune(body: Any, comments: bool) -> None:
    """Remove what is tagged or named as something else than content."""
    size = len(body.text)
    selector = _OTHER_SELECTOR if comments else f"{_OTHER_SELECTOR},{_COMMENT_SELECTOR}"
    for element in body.query_selector_all(selector).values():
        kind = _kind(element.tag, element.class_name, element.id)
        superfluous = kind == "other" or (kind == "comment" and not comments)
        if superfluous and len(element.text or "") <= TOO_MUCH * size:
            element.remove()


def _deepen(tree: Any) -> None:
    """Put all of the page into elements within each other: resiliparse, which is to sort out a page
    as a whole, drops every list near its root."""
    inner, children = tree.body, tree.body.child_nodes.values()
    for _ in range(4):
        inner = inner.append_child(tree.create_element("div"))
    for child in children:
        inner.append_child(child)
