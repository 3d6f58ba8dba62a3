"""A video: frames and how many of them make a second. Reads and writes files; shows itself in a notebook. Built in chapter 0."""

import base64
import html
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from minisora.errors import UserError
from minisora.world.scene import FPS

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
WRITES = (".mp4", ".gif", ".png")
CRF = 12  # H.264's quality: 0 is lossless, 23 the usual; drawn outlines show ringing from about 16
COARSER = (16, 20, 24, 28, 32)  # tried one after the other where a page has little room
GIF_REPEATS = 4  # a GIF plays this often again and then rests


@dataclass(eq=False)
class Video:
    """Frames (T, H, W, 3) of RGB, uint8, at `fps` frames per second.

    alt: what is to be seen, in words (the prompt, for a generated video).
    unknown: words of the prompt that the model does not know, each with the nearest that it knows.
    note: what was rounded or fitted on the way, in a line; "" when nothing was.
    Raises UserError when frames are of another type or shape, or none.
    """

    frames: np.ndarray  # (T, H, W, 3)
    fps: float = FPS
    alt: str = ""
    unknown: tuple = ()
    note: str = ""

    def __post_init__(self) -> None:
        self.frames = np.asarray(self.frames)
        if self.frames.dtype != np.uint8 or self.frames.ndim != 4 or self.frames.shape[-1] != 3 or 0 in self.frames.shape:
            given = f"{self.frames.dtype} of shape {tuple(self.frames.shape)}"
            raise UserError(f"frames: a video is uint8 of shape (T, H, W, 3) with at least one frame, not {given}.")
        if not 0 < self.fps < 1000:
            raise UserError(f"fps={self.fps}: frames per second lie between 0 and 1000. Try fps={FPS}.")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def seconds(self) -> float:
        """From the first frame to the last: 17 frames at 8 per second are 2 s, an image is 0 s."""
        return (len(self) - 1) / self.fps

    @property
    def height(self) -> int:
        return self.frames.shape[1]

    @property
    def width(self) -> int:
        return self.frames.shape[2]

    def __repr__(self) -> str:
        return f"Video({len(self)} frames of {self.width}x{self.height}, {self.fps:g} fps{', ' + repr(self.alt) if self.alt else ''})"

    def enlarged(self, scale: int) -> "Video":
        """The same video with every pixel drawn as scale × scale pixels."""
        if not isinstance(scale, int) or not 1 <= scale <= 32:
            raise UserError(f"scale={scale}: a whole number from 1 to 32. Try scale=4.")
        frames = self.frames.repeat(scale, axis=1).repeat(scale, axis=2)
        return Video(frames, self.fps, self.alt, self.unknown, self.note)

    def strip(self, n: int = 9, gap: int = 2) -> Image.Image:
        """`n` frames, evenly spread from first to last, side by side with `gap` white pixels between them."""
        picks = np.unique(np.linspace(0, len(self) - 1, max(1, min(n, len(self)))).round().astype(int))
        sheet = np.full((self.height, len(picks) * (self.width + gap) - gap, 3), 255, np.uint8)
        for place, index in enumerate(picks):
            left = place * (self.width + gap)
            sheet[:, left : left + self.width] = self.frames[index]
        return Image.fromarray(sheet)

    def save(self, path: str | os.PathLike, scale: int = 1) -> Path:
        """Write .mp4 (H.264, plays everywhere), .gif, or .png (an image; of a video, nine frames side by side).

        The file appears whole or not at all. Raises UserError for another ending or a folder that does not exist.
        """
        path = check_out(path)
        video = self.enlarged(scale) if scale != 1 else self
        write = {".mp4": _write_mp4, ".gif": _write_gif, ".png": _write_png}[path.suffix.lower()]
        write_whole(path, lambda temporary: write(video, temporary))
        return path

    def to_bytes(self, crf: int = CRF) -> bytes:
        """The mp4 file as bytes. crf: H.264's quality, 0 is lossless."""
        buffer = io.BytesIO()
        _write_mp4(self, buffer, crf)
        return buffer.getvalue()

    @classmethod
    def load(cls, path: str | os.PathLike, fps: float | None = None, max_side: int | None = None, max_seconds: float = 60.0) -> "Video":
        """Any file that PyAV or Pillow reads; a still image gives one frame.

        fps: take frames at this rate instead of the file's. max_side: shrink while reading, so that no side is longer.
        Reads `max_seconds` at most. Raises UserError when there is no such file, or nothing in it that is a picture.
        """
        from minisora.reading import read_frames

        frames, rate = read_frames(Path(path), fps, max_side, max_seconds)
        return cls(frames, rate, alt=Path(path).stem)

    def _repr_html_(self) -> str:
        return self.player()

    def player(self, alt: str = "", scale: int = 0, largest: int = 10**9) -> str:
        """A player with controls, as HTML: it starts when it is told to, plays once and needs no file beside the page.

        alt: what is to be seen, if not what the video itself says. scale: how large a pixel appears; 0: such that the video is
        about 256 high. largest: characters; a file that would be longer is coded more coarsely, as far as that goes.
        """
        scale = scale or min(max(1, round(256 / min(self.height, self.width))), 32)
        alt = html.escape(alt or self.alt or f"a video of {self.seconds:g} seconds", quote=True)
        poster = f"data:image/png;base64,{base64.b64encode(png(Image.fromarray(self.frames[0]))).decode()}"
        style = "image-rendering:pixelated;max-width:100%;height:auto"
        size = f'width="{scale * self.width}" height="{scale * self.height}" style="{style}"'
        if len(self) == 1:
            return f'<img src="{poster}" alt="{alt}" title="{alt}" {size}>'
        half = max(min(scale, 2), -(-scale // 2))  # drawn at about half the size, which the page enlarges again
        for fine, crf in ((scale, CRF), (half, CRF), *((fine, coarse) for fine in (half, 1) for coarse in COARSER)):
            source = base64.b64encode(self.enlarged(fine).to_bytes(crf)).decode()
            page = (
                f'<video controls muted playsinline preload="auto" aria-label="{alt}" title="{alt}" poster="{poster}" {size}>'
                f'<source type="video/mp4" src="data:video/mp4;base64,{source}">{alt}</video>'
            )
            if len(page) <= largest:
                break
        return page


def check_out(path: str | os.PathLike) -> Path:
    """`path` if a video can be written there; else a UserError. Asked before the work, not after it."""
    path = Path(path).expanduser()
    if path.suffix.lower() not in WRITES:
        raise UserError(f"{path}: the name says what to write, and must end in {', '.join(WRITES)}. Try {path.with_suffix('.mp4')}")
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}. Make it first: mkdir -p {path.parent}")
    if path.is_dir():
        raise UserError(f"{path} is a folder. Give the name of a file, such as {path / 'video.mp4'}")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"{path}: you may not write into {path.parent}. Choose another folder with --out.")
    return path


def write_whole(path: Path, write) -> None:
    """Call `write(temporary path)` and rename its file to `path`: whoever looks sees the whole file or none."""
    handle, name = tempfile.mkstemp(suffix=path.suffix, prefix=f".{path.stem}-", dir=path.parent)
    os.close(handle)
    try:
        write(Path(name))
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)  # mkstemp's files are for their owner alone
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _write_mp4(video: Video, file: Path | io.BytesIO, crf: int = CRF) -> None:
    from fractions import Fraction

    import av
    from av.video.reformatter import ColorRange, Colorspace

    even = [(0, 0), (0, video.height % 2), (0, video.width % 2), (0, 0)]  # 4:2:0 has a colour sample for every two rows and columns
    frames = np.pad(video.frames, even, mode="edge")
    rate = Fraction(video.fps).limit_denominator(1001)
    in_memory = isinstance(file, io.BytesIO)
    options = {"fflags": "+bitexact"} if in_memory else {"fflags": "+bitexact", "movflags": "+faststart"}  # faststart reads its file again
    with av.open(file if in_memory else str(file), "w", format="mp4", options=options) as container:
        coding = {"crf": str(crf), "preset": "slow", "tune": "animation", "x264-params": "cpu-independent=1"}  # the same bytes anywhere
        stream = container.add_stream("libx264", rate=rate, options=coding)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        stream.codec_context.thread_count = 1  # x264 writes the count into the file: with one, every machine writes the same
        stream.codec_context.colorspace = stream.codec_context.color_primaries = stream.codec_context.color_trc = 1  # BT.709
        stream.codec_context.color_range = ColorRange.MPEG
        for index, array in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(array, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _write_gif(video: Video, file: Path) -> None:
    ticks = np.round(np.arange(len(video) + 1) * 100 / video.fps) * 10  # a GIF counts in hundredths of a second
    images = [Image.fromarray(frame) for frame in video.frames]
    loop = {"loop": GIF_REPEATS} if len(images) > 1 else {}
    images[0].save(file, format="GIF", save_all=True, append_images=images[1:], duration=[int(d) for d in np.diff(ticks)], **loop)


def _write_png(video: Video, file: Path) -> None:
    video.strip().save(file, format="PNG")


def png(image: Image.Image, fine: int = 32_000) -> bytes:
    """The PNG file of an image, for a page: with a palette of 256 colours where all of them would take more than `fine` bytes."""
    whole = _encoded(image)
    return whole if len(whole) <= fine else _encoded(image.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
