import re
import time

import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.unit.compiler.mutants import corpus
from tests.unit.compiler.mutation import BYTES, Mutant

CORPUS = corpus()
NEXT_STEP = re.compile(
    r"[.:;] (?:Build|Convert|Download|End|Export|Fix|Fold|Give|Keep|Make|Move|Multiply|Pad|"
    r"Quantise|Remove|Replace|Reshape|Run|Slice|Split|Start|Train|Unpack|Use|With)\b.*\.$",
    re.IGNORECASE,
)


def test_the_models_that_the_mutants_come_from_are_accepted():
    for name, data in BYTES.items():
        assert read_model(data, name).operators


def test_the_corpus_is_large_and_its_mutants_differ():
    assert len(CORPUS) >= 200
    assert len({m.name for m in CORPUS}) == len(CORPUS)
    unchanged = [m.name for m in CORPUS if m.data in BYTES.values()]
    assert unchanged == []


@pytest.mark.parametrize("mutant", CORPUS, ids=lambda m: m.name)
def test_a_mutant_is_refused_with_where_what_and_the_next_step(mutant: Mutant):
    began = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        read_model(mutant.data, "cnn" if mutant.name[:4] != "floa" else "floats")
    assert time.perf_counter() - began < 2
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert mutant.where in message
    assert mutant.what in message
    assert NEXT_STEP.search(message), message
    assert "\n" not in message and message.isascii()
