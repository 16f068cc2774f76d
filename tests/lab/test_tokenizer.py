"""Every word of the world is one token, and unknown words are letters."""

import pytest

from lab.captions import words
from lab.tokenizer import END, LENGTH, START, encode, vocabulary


@pytest.mark.parametrize("word", [word for word in words() if word.isalpha()])
def test_a_known_word_is_one_token(word):
    ids = encode(word)
    assert ids[:3] == [vocabulary()[START], vocabulary()[f"{word}</w>"], vocabulary()[END]]


def test_a_text_is_one_chunk_whatever_its_length():
    assert len(encode("")) == len(encode("red circle, " * 60)) == LENGTH
    assert encode("red circle, " * 60)[-1] == vocabulary()[END]


def test_an_unknown_word_falls_into_letters():
    assert encode("zxqv")[1:5] == [vocabulary()[piece] for piece in ("z", "x", "q", "v</w>")]


def test_case_and_spaces_do_not_matter():
    assert encode("Red  CIRCLE,blue") == encode("red circle, blue")


def test_the_library_reads_the_same_tokens(tmp_path):
    pytest.importorskip("transformers")
    from lab.tokenizer import make_tokenizer

    tokenizer = make_tokenizer()
    for text in ("red circle, large, blue background", "(masterpiece:1.2), 4k zxqv", "", "a-b_c"):
        answer = tokenizer(text, padding="max_length", max_length=LENGTH, truncation=True)
        assert answer.input_ids == encode(text), text
