"""What somebody may have meant who typed a word."""

import string

from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.spelling import LONGEST, SHORTEST, misspellings

WORDS = st.text(string.ascii_lowercase, min_size=SHORTEST, max_size=LONGEST)


def one_error(word: str, data: st.DataObject) -> str:
    """Type a word with one error: a letter wrong, missing, too many, or two swapped."""
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    before, after = word[:place], word[place + 1 :]
    swapped = before + after[:1] + word[place] + after[1:]
    return data.draw(
        st.sampled_from(
            [before + letter + after, before + after, before + letter + word[place:], swapped]
        )
    )


@given(WORDS, st.data())
def test_a_word_is_found_from_whatever_single_error(word: str, data: st.DataObject) -> None:
    typed = one_error(word, data)
    if SHORTEST <= len(typed) <= LONGEST and typed != word:
        assert word in misspellings(typed)


@given(WORDS)
def test_a_word_is_none_of_its_misspellings_and_they_are_few(word: str) -> None:
    found = misspellings(word)
    assert word not in found
    assert len(found) <= 53 * len(word) + 26
    assert all(abs(len(other) - len(word)) <= 1 for other in found)


def test_short_words_long_ones_and_numbers_have_none() -> None:
    assert misspellings("gi") == set()
    assert misspellings("a" * (LONGEST + 1)) == set()
    assert misspellings("4900") == set()
