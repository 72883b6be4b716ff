"""High dynamic range and wide colour taken down to what a screen of 8 bits shows, as a table for FFmpeg's `lut3d`.

PQ: SMPTE ST 2084. HLG: ITU-R BT.2100, shown at 1000 cd/m². The curve that brings 1000 cd/m² down to the 203 cd/m² of
white paper is the EETF of ITU-R BT.2390 on the largest of R, G and B, so that hues stay; primaries change as ITU-R BT.2087 says.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_PEAK, _WHITE = 1000.0, 203.0  # cd/m²: what is mastered, and white paper (ITU-R BT.2408)
_SIDE = 33
_GAMMA = 2.4  # ITU-R BT.1886
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
# Linear light of other primaries to that of BT.709, by FFmpeg's numbers of them (ITU-T H.273); white is adapted (Bradford).
_TO_BT709 = {
    9: [
        [1.660491, -0.587641, -0.072850],
        [-0.124550, 1.132900, -0.008349],
        [-0.018151, -0.100579, 1.118730],
    ],  # BT.2020
    11: [
        [1.157516, -0.154962, -0.002554],
        [-0.041500, 1.045568, -0.004068],
        [-0.018050, -0.078578, 1.096628],
    ],  # DCI-P3
    12: [[1.224940, -0.224940, 0.0], [-0.042057, 1.042057, 0.0], [-0.019638, -0.078636, 1.098274]],  # Display P3
}
WIDE = frozenset(_TO_BT709)
"""The primaries whose colours a screen of BT.709 shows too pale unless they are converted."""
_LUMA = np.array([0.2627, 0.6780, 0.0593])

Values = npt.NDArray[np.float64]


def to_sdr(codes: Values, transfer: str, primaries: int = 9) -> Values:
    """Convert colours to those of a screen of BT.709.

    Args:
        codes: R, G, B as coded, …×3, 0..1.
        transfer: "pq", "hlg" or "sdr".
        primaries: FFmpeg's number of them; without one in `WIDE` they are BT.709's already.

    Returns:
        R, G, B as coded, of the same shape, 0..1.
    """
    if transfer == "sdr":
        light = codes**_GAMMA
    else:
        shown = _pq_light(codes) if transfer == "pq" else _hlg_light(codes)
        largest = np.maximum(shown.max(axis=-1, keepdims=True), 1e-6)
        light = shown * (_toned(largest) / largest) / _WHITE
    matrix = np.array(_TO_BT709.get(primaries, np.eye(3)))
    coded: Values = np.clip(light @ matrix.T, 0, 1) ** (1 / _GAMMA)
    return coded


def cube(transfer: str, primaries: int = 9) -> str:
    """Return `to_sdr` as the text of a .cube file (red changes fastest)."""
    steps = np.linspace(0, 1, _SIDE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    rows = to_sdr(np.stack([red, green, blue], axis=-1).reshape(-1, 3), transfer, primaries)
    return f"LUT_3D_SIZE {_SIDE}\n" + "\n".join(f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in rows.tolist()) + "\n"


def _pq_light(codes: Values) -> Values:
    root = np.clip(codes, 0, 1) ** (1 / _M2)
    light: Values = 10_000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)
    return light


def _pq_code(light: Values) -> Values:
    power = (np.maximum(light, 0) / 10_000) ** _M1
    code: Values = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return code


def _hlg_light(codes: Values) -> Values:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)
    light: Values = _PEAK * np.maximum((scene @ _LUMA)[..., np.newaxis], 1e-6) ** 0.2 * scene
    return light


def _toned(light: Values) -> Values:
    """Apply the EETF of BT.2390: straight up to a knee, then a Hermite spline that ends at white. cd/m² in and out."""
    peak = _pq_code(np.array(_PEAK))
    code = np.minimum(_pq_code(light) / peak, 1)
    top = float(_pq_code(np.array(_WHITE)) / peak)
    knee = 1.5 * top - 0.5
    t = np.clip((code - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * top
    return _pq_light(np.where(code < knee, code, spline) * peak)
