"""The sounds are what they are called, and a page can play them."""

import base64
import hashlib
import importlib
import io
import re
import sys
import wave as riff
from pathlib import Path

import numpy as np
import pytest

from scratch import data, sound

ROOT = Path(__file__).resolve().parents[2]
COUNTS = {"train": 1440, "validation": 320, "test": 320}


@pytest.fixture
def maker(monkeypatch):
    """Import a script of the folder data/ by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "data"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if name.startswith("mak"):
            del sys.modules[name]


# ---- spoken digits

@pytest.mark.parametrize("part", data.PARTS)
def test_each_part_has_exactly_the_counts_listed(part):
    waves, labels, voices = sound.spoken(part)
    assert (waves.shape, waves.dtype) == ((COUNTS[part], 4096), np.float32)
    assert (labels.shape, labels.dtype) == ((COUNTS[part],), np.int64)
    assert voices.shape == (COUNTS[part],)
    counts = np.bincount(labels, minlength=10).tolist()
    assert counts == data.describe("spoken")["counts"][part]


def test_no_voice_is_in_two_parts():
    parts = [set(sound.spoken(part)[2]) for part in data.PARTS]
    assert [len(voices) for voices in parts] == [72, 16, 16]
    assert len(set.union(*parts)) == 104


def test_no_family_of_voices_is_in_two_parts():
    families = [{re.sub(r"\d+$|robot$|(?<=whisper)f$", "", voice.lower())
                 for voice in sound.spoken(part)[2]} for part in data.PARTS]
    assert sum(map(len, families)) == len(set.union(*families))


def test_each_voice_says_each_digit_twice():
    for part in data.PARTS:
        _, labels, voices = sound.spoken(part)
        for voice in set(voices):
            said = np.bincount(labels[voices == voice], minlength=10)
            assert said.tolist() == [2] * 10, voice


def test_no_clip_appears_twice():
    waves = np.concatenate([sound.spoken(part)[0] for part in data.PARTS])
    assert len({wave.tobytes() for wave in waves}) == 2080


def test_every_word_is_whole_in_the_middle_and_equally_loud():
    for part in data.PARTS:
        waves = np.abs(sound.spoken(part)[0])
        assert (np.abs(waves.max(1) - 0.9) < 0.02).all()
        loud = waves > 0.01
        first, last = loud.argmax(1), 4095 - loud[:, ::-1].argmax(1)
        assert first.min() > 40 and last.max() < 4096 - 40
        assert np.abs(first + last - 4095).max() < 600


def test_a_spoken_part_comes_in_the_order_of_its_hashes():
    # So the first hundred clips hold many voices, not the first five.
    with np.load(data.verified("spoken")) as arrays:
        for part in data.PARTS:
            keys = [hashlib.sha256(codes.tobytes()).digest()
                    for codes in arrays[f"{part}_codes"]]
            assert keys == sorted(keys)
            assert len(set(arrays[f"{part}_voices"][:100])) > 14


def test_codes_are_decoded_as_the_standard_formula_says():
    with np.load(data.verified("spoken")) as arrays:
        codes = arrays["test_codes"][0]
    y = codes.astype(np.float64) / 255 * 2 - 1
    x = np.sign(y) / 255 * (256 ** np.abs(y) - 1)
    assert np.allclose(sound.spoken("test")[0][0], x, rtol=0, atol=1e-6)


def test_encoding_what_was_decoded_gives_the_codes_back(maker):
    encode = maker("make_spoken").encode
    with np.load(data.verified("spoken")) as arrays:
        codes = arrays["test_codes"]
    waves = sound.spoken("test")[0].astype(np.float64)
    assert np.array_equal(encode(waves), codes)
    assert encode(np.array([-1.0, 0.0, 1.0])).tolist() == [0, 128, 255]


def test_the_split_keeps_families_together_whatever_the_voices(maker):
    part_of = maker("make_spoken").split(
        [f"v{i}{j}" for i in "abcdefghijkl" for j in range(1, 6)])
    for i in "abcdefghijkl":
        assert len({part_of[f"v{i}{j}"] for j in range(1, 6)}) == 1
    sizes = [list(part_of.values()).count(part) for part in data.PARTS]
    assert sizes == [30, 15, 15]


def test_an_unknown_part_is_named_beside_those_that_exist():
    with pytest.raises(ValueError, match=r'"validation", "test", got \'dev'):
        sound.spoken("dev")


# ---- prompts

def test_the_prompts_come_with_their_words():
    prompts = sound.prompts()
    assert len(prompts) == 36
    assert [prompts[f"digits/{i}"][1] for i in (0, 9)] == ["zero", "nine"]
    assert list(prompts)[:10] == [f"digits/{i}" for i in range(10)]
    for wave, words in prompts.values():
        assert wave.ndim == 1 and wave.dtype == np.float32
        assert 0.3 < np.abs(wave).max() < 1 and words.strip()


def test_longer_prompts_have_more_words():
    # A cut in the wrong place would pair words with another's sound.
    pairs = [(len(wave), len(words.split()))
             for wave, words in sound.prompts().values()]
    assert np.corrcoef(np.array(pairs).T)[0, 1] > 0.9


def test_transcripts_are_read_line_by_line(maker, tmp_path):
    import gzip
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(b"; Sounds: all\n\na/b: One:  two.\n"))
    assert maker("make_prompts").transcripts(path) == {"a/b": "One: two."}


def test_a_prompt_of_another_kind_is_refused(maker, tmp_path):
    path = tmp_path / "x.wav"
    with riff.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
    with pytest.raises(SystemExit, match=r"x.wav: expected 8000 Hz.*16000"):
        maker("make_prompts").read(path)


@pytest.mark.parametrize("name", ["spoken", "prompts"])
def test_data_md_tells_the_same_size_and_hash_as_the_toml(name):
    told = (ROOT / "data" / "DATA.md").read_text("utf-8")
    about = data.describe(name)
    assert f"{about['bytes']:,}" in told and about["sha256"] in told
    assert about["rate"] == sound.RATE
    for part, counts in about.get("counts", {}).items():
        assert f"{part} {sum(counts):,}" in told


# ---- playing

def played(shown):
    """Decode the sounds of a player by another reader than its writer."""
    from scipy.io import wavfile
    packed = re.findall(r"data:audio/wav;base64,([^\"]+)", shown)
    return [wavfile.read(io.BytesIO(base64.b64decode(some)))
            for some in packed]


def tone(samples=800, size=0.5):
    return size * np.sin(2 * np.pi * 440 * np.arange(samples) / 8000)


def test_a_clip_holds_the_wave_at_16_bits():
    shown = sound.clip(tone(), 8000, "A tone.")._repr_mimebundle_()
    (rate, wave), = played(shown["text/html"])
    assert rate == 8000 and wave.dtype == np.int16
    assert np.abs(wave / 32767 - tone()).max() <= 0.51 / 32767


def test_a_clip_of_a_torch_tensor_or_of_whole_numbers_can_be_played():
    import torch
    shown = sound.clip(torch.tensor(tone()), 8000, "A tone.")
    (_, wave), = played(shown._repr_mimebundle_()["text/html"])
    assert np.abs(wave / 32767 - tone()).max() <= 0.51 / 32767
    sound.clip(np.array([0, 1, -1]), 8000, "A click.")._repr_mimebundle_()


def test_a_clip_says_its_words_in_every_form_and_markup_is_harmless():
    shown = sound.clip(tone(), 8000, '"Hi" <b> *and* $x$')._repr_mimebundle_()
    assert shown["text/plain"] == '[sound: "Hi" <b> *and* $x$]'
    assert "&quot;Hi&quot; &lt;b&gt; *and* $x$" in shown["text/html"]
    assert shown["text/markdown"] == (
        r'*\[sound: "Hi" \<b\> \*and\* \$x\$\]*')


def test_a_clip_is_told_the_same_twice_and_stays_small():
    clip = sound.clip(tone(15_000), 8000, "A tone.")
    shown = clip._repr_mimebundle_()
    assert shown == clip._repr_mimebundle_()
    assert len(shown["text/html"]) < 41_000


def test_clips_together_stand_in_their_order():
    low, high = (sound.clip(tone(size=s), 8000, f"Size {s}.")
                 for s in (0.1, 0.9))
    shown = sound.together(low, high)._repr_mimebundle_()
    sizes = [np.abs(wave).max() / 32767
             for _, wave in played(shown["text/html"])]
    assert sizes == pytest.approx([0.1, 0.9], abs=1e-3)
    assert shown["text/plain"] == "[sound: Size 0.1.]\n[sound: Size 0.9.]"


@pytest.mark.parametrize(("given", "said"), [
    (dict(wave=np.zeros((2, 8))), r"wave: .*got shape \(2, 8\)"),
    (dict(wave=[]), r"wave: .*got shape \(0,\)"),
    (dict(wave=[0.0, np.nan]), "wave: expected finite numbers, got nan"),
    (dict(wave=[0.0, -1.5]), "wave: .*between -1 and 1, got -1.5"),
    (dict(wave=np.zeros(15_001)), "at most 15,000 samples.*got 15,001"),
    (dict(rate=8000.0), "rate: expected a whole number .*got 8000.0"),
    (dict(rate=100), "rate: .*got 100"),
    (dict(words=" "), "words: expected what is to be heard.*got ' '"),
    (dict(words=None), "words: .*got None"),
])
def test_a_clip_that_cannot_be_played_says_why(given, said):
    with pytest.raises(ValueError, match=said):
        sound.clip(**{"wave": tone(), "rate": 8000, "words": "A.", **given})
