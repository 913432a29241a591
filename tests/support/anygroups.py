"""SSV groups of any content, and cards of such groups in the order of a card."""

from hypothesis import strategies as st

from bifente.ssv.groups import GROUPS, Group


def field_bytes() -> st.SearchStrategy[bytes]:
    return st.one_of(st.binary(max_size=20), st.binary(min_size=126, max_size=130), st.just(b"x" * 300))


@st.composite
def any_group(draw: st.DrawFn, ids: tuple[int, ...] = tuple(GROUPS)) -> Group:
    identifier = draw(st.sampled_from(ids))
    count = len(GROUPS[identifier].fields)
    return Group(identifier, tuple(draw(st.lists(field_bytes(), min_size=count, max_size=count))))


@st.composite
def any_card(draw: st.DrawFn) -> list[Group]:
    card = [draw(any_group((101,)))]
    card += [draw(any_group((identifier,))) for identifier in (102, 103) if draw(st.booleans())]
    for _ in range(draw(st.integers(1, 4))):
        body = [104, *[105] * draw(st.integers(0, 3)), *[106] * draw(st.integers(1, 3))]
        if draw(st.booleans()):
            body += [107, *[108] * draw(st.integers(0, 2))]
        body += [identifier for identifier in (109, 111) if draw(st.booleans())]
        card += [draw(any_group((identifier,))) for identifier in body]
    return card
