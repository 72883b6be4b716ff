"""Sound for clips: a microphone, and its samples put on the frames' clock.

A sound card has a clock of its own, which runs up to a thousandth faster or slower than the computer's: in ten minutes
that is half a second. So its samples are resampled, by as little as it takes, to where the computer's clock says they
belong. When they were taken is known from when they came, which jitters; a loop smooths that (F. Adriaensen, "Using a
DLL to filter time", Linux Audio Conference 2005).
"""

from __future__ import annotations

import importlib
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from realtime.core.errors import SinkError
from realtime.core.installed import install_command
from realtime.core.text import clean
from realtime.media.codecs import SOUND_RATE

Samples = npt.NDArray[np.float32]

_WAITING = 30.0  # seconds of sound that may wait for the encoder
_QUICK, _SLOW = 0.5, 0.02  # Hz: the bandwidth of the loop in its first seconds, and later
_SETTLE = 10.0  # seconds in which it goes from the one to the other
_ASTRAY = 0.15  # seconds between what came and what was expected, after which it is no jitter any more
_PATIENCE = 0.5  # seconds that it must last
_FILLED = 10.0  # seconds of a gap that are filled with silence; a longer one is a gap in the clip's sound, too
_EASE = 1.0  # seconds in which a difference between the clocks is made good


@dataclass(frozen=True, slots=True)
class Block:
    """What a sound card gives at a time: `samples` (float32, N×channels, -1..1) and the `time.monotonic()` of the first."""

    samples: Samples
    time: float


class Sound(Protocol):
    """Something that gives sound. `rate` is samples a second by its own clock."""

    name: str
    rate: int
    channels: int

    def take(self) -> list[Block]:
        """Give what came since the last call, in order."""

    def close(self) -> None:
        """Give the device back."""


class Microphone:
    """A microphone, by PortAudio. Its blocks are collected by PortAudio's own thread."""

    def __init__(self, device: str = "") -> None:
        """`device` is a number or a part of a name; empty, the system's own choice.

        SinkError when the package is missing, or there is no such microphone.
        """
        sounddevice = _port_audio()
        try:
            wanted: Any = int(device) if device.isdecimal() else device or None
            about = sounddevice.query_devices(wanted, "input")
            self.name, self.rate = clean(str(about["name"])), round(about["default_samplerate"])
            self.channels = min(2, int(about["max_input_channels"]))
            self._blocks: deque[Block] = deque()
            self._seconds = self._given = 0.0
            self._opened = time.monotonic()
            self._taking = threading.Lock()
            self._stream = sounddevice.InputStream(
                device=wanted, samplerate=self.rate, channels=self.channels, dtype="float32", callback=self._come
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            wanted = f"the microphone {device!r}" if device else "the default microphone"
            there = ", ".join(microphones())
            way_out = f"there are: {there}; name one of them after --audio" if there else "there is none"
            raise SinkError(f"{wanted} cannot be used ({error}); {way_out}, or record without --audio") from error

    def _come(self, data: Samples, frames: int, clock: Any, status: Any) -> None:
        ago = clock.currentTime - clock.inputBufferAdcTime
        if not 0 < ago < 1:  # a driver that does not know: it had to be full to be given
            ago = frames / self.rate
        now = time.monotonic()
        self._given += frames / self.rate
        if self._given > 1.05 * (now - self._opened) + 2:  # a driver that stands for no device, and waits for nothing
            return
        with self._taking:
            self._blocks.append(Block(data.copy(), now - ago))
            self._seconds += frames / self.rate
            while self._seconds > _WAITING:
                self._seconds -= len(self._blocks.popleft().samples) / self.rate

    def take(self) -> list[Block]:
        """Give what came since the last call, in order."""
        with self._taking:
            blocks = list(self._blocks)
            self._blocks.clear()
            self._seconds = 0.0
        return blocks

    def close(self) -> None:
        """Give the device back."""
        self._stream.close()


class SharedSound:
    """One sound for several listeners: each is a `Sound` of its own, and hears everything from its beginning on."""

    def __init__(self, sound: Sound) -> None:
        """Share `sound`, which stays the caller's and which nobody else may take from."""
        self._sound = sound
        self._taking = threading.Lock()
        self._listeners: weakref.WeakSet[_Listener] = weakref.WeakSet()

    def listen(self) -> Sound:
        """Give a listener; `close` ends it, and so does forgetting it."""
        listener = _Listener(self)
        with self._taking:
            self._listeners.add(listener)
        return listener


class _Listener:
    """What one listener has yet to take of a shared sound."""

    def __init__(self, shared: SharedSound) -> None:
        self._shared, sound = shared, shared._sound
        self.name, self.rate, self.channels = sound.name, sound.rate, sound.channels
        self._blocks: deque[Block] = deque()

    def take(self) -> list[Block]:
        with self._shared._taking:
            for block in self._shared._sound.take():
                for listener in self._shared._listeners:
                    listener._blocks.append(block)
            blocks = list(self._blocks)
            self._blocks.clear()
        return blocks

    def close(self) -> None:
        with self._shared._taking:
            self._shared._listeners.discard(self)


def microphones() -> list[str]:
    """List the microphones that there are, by number and name.

    Raises:
        SinkError: The package for them is missing.
    """
    try:
        devices = list(_port_audio().query_devices())
    except OSError:
        return []
    return [f"{n} {clean(device['name'])}" for n, device in enumerate(devices) if device["max_input_channels"] > 0]


def _port_audio() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise SinkError(f"recording sound needs a package that is not installed: {install_command('audio')}") from error
    except OSError as error:  # the package is there, the library that it is for is not
        raise SinkError(
            f"recording sound needs the PortAudio library ({error}); on Debian or Ubuntu: apt install libportaudio2"
        ) from error


class Aligner:
    """Puts blocks that come when they may on a clock: sample k of what it gives belongs to `begin` + k / 48,000 s."""

    def __init__(self, rate: int, channels: int, begin: float) -> None:
        """`rate` of the blocks' samples; `begin` on the clock of their times."""
        self._rate, self._begin = rate, begin
        self._step = 1.0 / rate  # seconds a sample, as the loop has it
        self._head = 0.0  # when the next sample to come will have been taken, as the loop has it
        self._heard = 0.0  # seconds since the loop began
        self._astray = 0.0
        self._next = 0  # the next sample to give
        self._place = 0.0  # where that lies in `_held`
        self._held = np.zeros((0, channels), np.float32)
        self._started = False

    def add(self, block: Block) -> tuple[int, Samples]:
        """Take a block.

        Args:
            block: What comes next.

        Returns:
            The number of the first sample that can be given now, and the samples: float32, N×channels.
        """
        count = len(block.samples)
        if not count:
            return self._next, block.samples
        self._follow(block.time, count)
        # Seen from a driver: values that are no numbers, or far too loud, which an encoder refuses.
        samples = np.nan_to_num(block.samples.astype(np.float32, copy=False)).clip(-1, 1)
        self._held = np.concatenate((self._held, samples))
        return self._give()

    def _follow(self, taken: float, count: int) -> None:
        """Let the loop hear that a block of `count` samples was taken at that time."""
        if not self._started:
            self._start(taken)
        error = taken - self._head
        self._astray = self._astray + count * self._step if abs(error) > _ASTRAY else 0.0
        if self._astray > _PATIENCE or error > 2 * _FILLED:  # samples were lost, or the computer slept
            self._start(taken)
            error = 0.0
        error = min(max(error, -_ASTRAY), _ASTRAY)
        bandwidth = max(_SLOW, _QUICK * (1 - self._heard / _SETTLE))
        omega = 2 * np.pi * bandwidth * count * self._step
        self._head += float(np.sqrt(2) * omega) * error + count * self._step
        self._step += float(omega * omega) * error / count
        self._step = min(max(self._step, 0.98 / self._rate), 1.02 / self._rate)
        self._heard += count * self._step

    def _start(self, taken: float) -> None:
        """Begin anew at that time: with silence for what is missing, or without what there is twice."""
        held = len(self._held)
        self._started, self._head, self._astray, self._heard = True, taken, 0.0, 0.0
        self._step = 1.0 / self._rate
        place = (self._begin + self._next / SOUND_RATE - taken) * self._rate + held
        missing = round(self._place - place)  # samples that should lie before those to come
        if missing > _FILLED * self._rate or not self._next:
            self._next = max(0, int(np.ceil((taken - self._begin) * SOUND_RATE)))
            self._held = self._held[:0]
            self._place = (self._begin + self._next / SOUND_RATE - taken) * self._rate
        elif missing > 0:
            self._held = np.concatenate((self._held, np.zeros((missing, self._held.shape[1]), np.float32)))
        else:
            self._place -= missing

    def _give(self) -> tuple[int, Samples]:
        # Where the next sample to give lies by the clock, against where the last ones given led to: the difference is
        # made good a little at a time, which nobody hears.
        wanted = len(self._held) - (self._head - self._begin - self._next / SOUND_RATE) / self._step
        step = 1 / (SOUND_RATE * self._step)
        step += float(np.clip((wanted - self._place) / (SOUND_RATE * _EASE), -0.005 * step, 0.005 * step))
        count = max(0, int((len(self._held) - 3 - self._place) / step) + 1)
        places = self._place + step * np.arange(count)
        first = self._next
        self._next += count
        self._place += step * count
        given = _between(self._held, places)
        over = max(0, min(int(self._place) - 1, len(self._held)))
        self._held, self._place = self._held[over:], self._place - over
        return first, given


def _between(samples: Samples, places: npt.NDArray[np.floating[Any]]) -> Samples:
    """Give `samples` at fractional `places`, by the cubic through the four around each (Catmull and Rom, 1974)."""
    if not len(places):
        return samples[:0]
    whole = np.floor(places).astype(np.intp)
    part = (places - whole).astype(np.float32)[:, None]
    last = len(samples) - 1
    a, b, c, d = (samples[np.clip(whole + shift, 0, last)] for shift in (-1, 0, 1, 2))
    given: Samples = b + 0.5 * part * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))
    return given
