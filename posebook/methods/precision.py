"""Which numbers a network of pictures computes with while it is trained."""

import torch


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is quicker here than float32: GPUs of the last years, some processors."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Not in every torch that we admit; float32 is right everywhere, only slower.
    able = getattr(torch.cpu, "get_capabilities", dict)()
    return any(able.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def mixed(device: torch.device) -> torch.autocast:
    """`with mixed(device):` convolutions in bfloat16 where that is quicker, all else in float32.

    What a network answers in it is bfloat16 then; make it `.float()` before the loss, whose sums
    need the digits. Batch norm keeps its statistics, and the optimiser its weights, in float32.

    Source: P. Micikevicius et al. 2018, arXiv:1710.03740, with a type that needs no scaling.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bfloat16(device))
