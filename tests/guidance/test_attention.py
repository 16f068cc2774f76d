"""The split attention against the plain one, for every method, shape and dtype."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from lib_lora_neg.guidance import (  # noqa: E402
    NagSettings,
    OngFeature,
    OngSettings,
    OngTau,
    VsfSettings,
    partials,
)
from lib_lora_neg.guidance.cross import guided_cross_attention  # noqa: E402
from lib_lora_neg.guidance.joint import TokenLayout, guided_attention  # noqa: E402
from lib_lora_neg.guidance.methods import orthogonal  # noqa: E402
from lib_lora_neg.guidance.partials import attend, merge  # noqa: E402

from . import naive  # noqa: E402

METHODS = [
    NagSettings(),
    NagSettings(phi=10, tau=1.2, alpha=0.5),
    VsfSettings(),
    VsfSettings(strength=1, bias=0),
    OngSettings(),
    OngSettings(strength=0.5, tau=1.1, tau_bounds=OngTau.NORM),
    OngSettings(feature=OngFeature.WHOLE),
    OngSettings(feature=OngFeature.WHOLE, per_head=True),
]
OFF = [
    NagSettings(phi=0),
    NagSettings(alpha=0),
    VsfSettings(strength=0),
    OngSettings(strength=0),
    OngSettings(tau=0),
]


@pytest.fixture(params=["log-sum-exp", "plain"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Run a test with the fused kernels of this machine, and as if it had none."""
    partials.kernel_for.cache_clear()
    if request.param == "plain":
        monkeypatch.setattr(partials, "KERNELS", {})
    yield request.param
    partials.kernel_for.cache_clear()


def made(shape, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator).to(dtype) for _ in range(3)]


def relative(found, truth) -> float:
    return float((found.double() - truth).norm() / truth.norm())


shapes = st.tuples(
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 20),
    st.lists(st.integers(1, 20), min_size=1, max_size=3),
    st.integers(1, 40),
    st.sampled_from([4, 8, 16]),
)


@hypothesis_settings(max_examples=60, deadline=None)
@given(shape=shapes, settings=st.sampled_from(METHODS), seed=st.integers(0, 999))
def test_split_equals_lanes(shape, settings, seed) -> None:
    batch, heads, positive, negatives, image, width = shape
    if isinstance(settings, OngSettings) and heads * width < len(negatives) + 1:
        return
    layout = TokenLayout(positive, tuple(negatives))
    q, k, v = made((batch, heads, layout.texts + image, width), seed)
    truth = naive.joint(q.double(), k.double(), v.double(), layout, settings)
    assert relative(guided_attention(q, k, v, layout, settings), truth) < 1e-5


@pytest.mark.parametrize("settings", METHODS, ids=repr)
def test_both_ways_of_computing_agree(settings, kernels) -> None:
    layout = TokenLayout(7, (5, 9))
    q, k, v = made((2, 3, layout.texts + 33, 16))
    truth = naive.joint(q.double(), k.double(), v.double(), layout, settings)
    assert relative(guided_attention(q, k, v, layout, settings), truth) < 1e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("settings", METHODS, ids=repr)
def test_half_precision_errs_no_more_than_plain_attention_in_it(settings, dtype, kernels) -> None:
    """Plain attention of the same dtype, with guidance in float32, is the measure."""
    layout = TokenLayout(16, (12,))
    q, k, v = made((1, 4, layout.texts + 64, 32), dtype=dtype)
    truth = naive.joint(q.double(), k.double(), v.double(), layout, settings)
    rounded = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    unit = relative(rounded, naive.attention(q.double(), k.double(), v.double()))
    amplified = 1 + abs(getattr(settings, "phi", 0) * getattr(settings, "alpha", 0))
    amplified += getattr(settings, "strength", 0) * 2 * getattr(settings, "tau", 1)
    found = guided_attention(q, k, v, layout, settings)
    assert found.dtype == dtype
    assert relative(found, truth) < unit * 4 * amplified


@pytest.mark.parametrize("settings", OFF, ids=repr)
def test_off_is_plain_attention(settings, kernels) -> None:
    layout = TokenLayout(7, (5,))
    q, k, v = made((1, 2, layout.texts + 20, 8))
    found = guided_attention(q, k, v, layout, settings)[:, :, layout.texts :]
    keep = [*range(7), *range(12, 32)]
    plain = naive.attention(q.double()[:, :, 12:], k.double()[:, :, keep], v.double()[:, :, keep])
    assert relative(found, plain) < 1e-6


@pytest.mark.parametrize(
    "settings", [s for s in METHODS if not isinstance(s, VsfSettings)], ids=repr
)
def test_negative_like_the_prompt_changes_nothing(settings, kernels) -> None:
    layout = TokenLayout(6, (6,))
    q, k, v = made((1, 2, 12 + 20, 8))
    for tensor in (q, k, v):
        tensor[:, :, 6:12] = tensor[:, :, :6]
    guided = guided_attention(q, k, v, layout, settings)[:, :, 12:]
    off = guided_attention(q, k, v, layout, NagSettings(phi=0))[:, :, 12:]
    assert relative(guided, off.double()) < 1e-5


def test_rows_that_are_not_guided_see_their_prompt_only() -> None:
    layout = TokenLayout(6, (4,))
    q, k, v = made((2, 2, 10 + 20, 8))
    rows = torch.tensor([True, False])
    found = guided_attention(q, k, v, layout, NagSettings(), rows)
    on = guided_attention(q, k, v, layout, NagSettings())
    off = guided_attention(q, k, v, layout, NagSettings(phi=0))
    assert torch.equal(found[0], on[0])
    assert torch.equal(found[1], off[1])
    assert not torch.equal(found[0], off[0])


@pytest.mark.parametrize("per_head", [True, False])
def test_removed_part_is_orthogonal_to_prompt_and_earlier_concepts(per_head: bool) -> None:
    positive, first, second = made((2, 3, 5, 8))
    one = orthogonal(first, [positive], per_head)
    two = orthogonal(second, [positive, one], per_head)
    dims = (3,) if per_head else (1, 3)
    for a, b in ((positive, one), (positive, two), (one, two)):
        assert float((a * b).sum(dims).abs().max()) < 1e-4


def test_zero_feature_is_no_direction() -> None:
    zero = torch.zeros(1, 2, 3, 4)
    feature = torch.randn(1, 2, 3, 4)
    assert torch.equal(orthogonal(feature, [zero], per_head=False), feature)


def test_norm_is_bounded_by_tau() -> None:
    layout = TokenLayout(6, (4,))
    q, k, v = made((1, 2, 10 + 20, 8))
    off = guided_attention(q, k, v, layout, NagSettings(phi=0))[:, :, 10:]
    for tau in (1.0, 1.5, 2.5):
        settings = NagSettings(phi=1000, tau=tau, alpha=1)
        on = guided_attention(q, k, v, layout, settings)[:, :, 10:]
        ratio = on.abs().sum((1, 3)) / off.abs().sum((1, 3))
        assert float(ratio.max()) == pytest.approx(tau, rel=1e-4)


def test_groups_merge_to_the_whole() -> None:
    q, k, v = made((1, 2, 50, 8))
    parts = [attend(q, k[:, :, a:b], v[:, :, a:b]) for a, b in ((0, 3), (3, 20), (20, 50))]
    if any(part is None for part in parts):
        pytest.skip("this machine has no kernel that tells the log-sum-exp")
    whole = attend(q, k, v)
    merged = merge(parts)
    assert relative(merged.out, whole.out.double()) < 1e-6
    assert torch.allclose(merged.lse, whole.lse, atol=1e-5)


def test_kernel_with_wrong_numbers_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(q, k, v):
        return partials.Partial(q, torch.zeros(q.shape[:-1]))

    partials.kernel_for.cache_clear()
    monkeypatch.setattr(partials, "KERNELS", {"cpu": (wrong,)})
    assert partials.kernel_for("cpu", torch.float32, 8) is None
    partials.kernel_for.cache_clear()


def test_sequence_without_image_is_refused() -> None:
    q, k, v = made((1, 2, 10, 8))
    with pytest.raises(ValueError, match="10 tokens"):
        guided_attention(q, k, v, TokenLayout(6, (4,)), NagSettings())


@pytest.mark.parametrize("settings", [*METHODS, *OFF], ids=repr)
def test_cross_attention_is_joint_attention_without_image_keys(settings, kernels) -> None:
    """With image keys of scores near minus infinity, the joint form is cross attention."""
    q, k, v = made((2, 3, 8 + 6 + 5, 8))
    prompt = (k[:, :, :8], v[:, :, :8])
    negative = (k[:, :, 8:14], v[:, :, 8:14])
    found = guided_cross_attention(q[:, :, 14:], prompt, [negative], settings)
    hidden = torch.cat([q.double() * 1.0, torch.full((2, 3, 19, 1), 1e4).double()], -1)
    reach = torch.zeros(2, 3, 19, 1).double()
    reach[:, :, 14:] = -1e4
    scale = (9 / 8) ** 0.5
    wide_k = torch.cat([k.double() * scale, reach], -1)
    wide_v = torch.cat([v.double(), torch.zeros(2, 3, 19, 1).double()], -1)
    truth = naive.joint(hidden, wide_k, wide_v, TokenLayout(8, (6,)), settings)[:, :, 14:, :8]
    if not settings.acts:
        truth = naive.attention(q.double()[:, :, 14:], prompt[0].double(), prompt[1].double())
    assert relative(found, truth) < 1e-5
