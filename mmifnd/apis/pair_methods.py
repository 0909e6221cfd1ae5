"""What :func:`mmifnd.apis.pretrain` can be asked for on image-text pairs."""

from typing import Any

from .pretraining_parts import MethodParts

#: CLIP's loss, and what each of the others starts with.
_CLIP: dict[str, Any] = dict(type='ElimContrastiveHead', temperature=0.07, learned_temperature=dict())
_SOGCLR: dict[str, Any] = dict(type='FastCLIPHead', version='v1', temperature=0.03)
_FASTCLIP: dict[str, Any] = dict(type='FastCLIPHead', version='v3', temperature=0.07)
_SIGLIP: dict[str, Any] = dict(type='SigmoidHead', temperature=0.1, learned_temperature=dict(), bias=-10., learned_bias=True)
_ATTRACTION: dict[str, Any] = dict(type='AttrContrastiveHead', temperature=0.07, learned_temperature=dict())
_PSEUDO, _ORACLE = dict(type='PseudoLabelDetector'), dict(type='GroundTruthDetector')
_LEARNED = dict(type='QuantileThresholdDetector', alpha=1e-3)
_CLIP_ONLY = ('clip',)


def _parts(head: dict[str, Any], detector: dict[str, Any] | None = None, **kwargs: Any) -> MethodParts:
    return MethodParts(detector or dict(type='NoDetector'), head, frameworks=_CLIP_ONLY, **kwargs)


PAIR_METHODS = dict(
    none=_parts(_CLIP),
    ifnd=_parts(_CLIP, _PSEUDO, clusters=True),
    ifnd_attraction=_parts(_ATTRACTION, _PSEUDO, clusters=True),
    glofnd=_parts(_CLIP, _LEARNED),
    fnc=_parts(_CLIP, dict(type='BatchQuantileDetector', alpha=1e-3)),
    topk=_parts(_CLIP, dict(type='TopKDetector')),
    margin=_parts(_CLIP, dict(type='PositiveMarginDetector')),
    sogclr=_parts(_SOGCLR),
    sogclr_glofnd=_parts(_SOGCLR, _LEARNED),
    fastclip=_parts(_FASTCLIP),
    fastclip_glofnd=_parts(_FASTCLIP, _LEARNED),
    siglip=_parts(_SIGLIP),
    siglip_glofnd=_parts(_SIGLIP, _LEARNED),
    random=_parts(_CLIP, dict(type='RandomDetector', rate=0.01)),
    oracle=_parts(_CLIP, _ORACLE, needs_labels=True),
    supcon=_parts(_ATTRACTION, _ORACLE, needs_labels=True))
