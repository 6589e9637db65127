"""Trees of files in memory, digests, the cache, and the one place that writes folders to disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgepack.errors import UsageError

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

MANIFEST = ".edgepack-tree"
_MAKING = ".making-"
_SPARED_S = 60.0


@dataclass(frozen=True, slots=True)
class Tree:
    """A set of files: relative POSIX path to bytes."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted paths and contents, hexadecimal."""
        total = hashlib.sha256()
        for path in sorted(self.files):
            content = hashlib.sha256(self.files[path]).digest()
            total.update(path.encode() + b"\0" + content)
        return total.hexdigest()

    def merged(self, other: Tree) -> Tree:
        """Both trees' files; a path in both must hold the same bytes."""
        clash = [p for p in self.files if p in other.files and self.files[p] != other.files[p]]
        assert not clash, f"two trees disagree about {clash}"
        return Tree({**self.files, **other.files})


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def sha256(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_file(path: Path, what: str) -> bytes:
    """The file's bytes; a UsageError names `what` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot read the {what}: {error.strerror}") from error


def write_file(path: Path, data: bytes) -> None:
    """Write whole or not at all: to a temporary name beside it, then renamed."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise UsageError(f"{path}: cannot write: {error.strerror}") from error
        raise


def require_own(folder: Path) -> set[str]:
    """The files that edgepack wrote there before; UsageError where there are others."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder for the output")
    ours = _manifest(folder)
    if folder.exists():
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        foreign = sorted(found - ours - {MANIFEST})
        if foreign:
            raise UsageError(
                f"{folder}: holds files edgepack did not write ({foreign[0]}"
                f"{f' and {len(foreign) - 1} more' if len(foreign) > 1 else ''}); "
                "name another folder, or move them away"
            )
    return ours


def write_tree(tree: Tree, folder: Path) -> None:
    """Make `folder` hold exactly `tree`, refusing to touch files edgepack did not write.

    A list of what was written lies in the folder, so that a later call may replace and delete
    its own files. Raises UsageError where the folder holds anything else, or on a full disk.
    """
    ours = require_own(folder)
    names = sorted(tree.files)
    write_file(folder / MANIFEST, "\n".join(sorted(ours | set(names))).encode() + b"\n")
    for name in names:
        target = folder / name
        if not (target.is_file() and target.read_bytes() == tree.files[name]):
            write_file(target, tree.files[name])
    for stale in ours - set(names):
        (folder / stale).unlink(missing_ok=True)
    write_file(folder / MANIFEST, "\n".join(names).encode() + b"\n")


def _manifest(folder: Path) -> set[str]:
    """The files written before, without names that would lead out of `folder`."""
    path = folder / MANIFEST
    names = path.read_text("utf-8", errors="replace").splitlines() if path.is_file() else []
    return {n for n in names if n and not Path(n).is_absolute() and ".." not in Path(n).parts}


def cache_root() -> Path:
    """Where slow results are kept: EDGEPACK_CACHE, else the user's cache folder."""
    override = os.environ.get("EDGEPACK_CACHE")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_cache_dir("edgepack"))


def cached(stage: str, spec: Mapping[str, object], make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills for this stage and spec, made once and kept.

    The address is the SHA-256 of the stage's name and version and of the spec, which names every
    input by digest and every tool by version. The folder appears whole or not at all.
    """
    key = sha256(canonical_json({"stage": stage, **spec}).encode())
    final = cache_root() / stage.split("/")[0] / key[:32]
    if final.is_dir():
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _sweep(final.parent)
        temporary = Path(tempfile.mkdtemp(dir=final.parent, prefix=_MAKING))
    except OSError as error:
        raise UsageError(
            f"{final.parent}: cannot write the cache: {error.strerror}; "
            "set EDGEPACK_CACHE to another folder"
        ) from error
    with _locked(temporary):
        try:
            make(temporary)
            try:
                temporary.rename(final)
            except OSError:
                if not final.is_dir():
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return final


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock, which ends with the process; False where another one has it."""
    if fcntl is None:  # Windows
        yield False
        return
    held = False
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system may have no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        yield held
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Delete what makers left that were killed: folders that nobody holds the lock of.

    A folder is spared for a minute, within which its maker takes the lock.
    """
    for left in folder.glob(f"{_MAKING}*"):
        with contextlib.suppress(OSError):  # another process was faster
            if time.time() - left.stat().st_mtime > _SPARED_S:
                with _locked(left) as abandoned:
                    if abandoned:
                        shutil.rmtree(left, ignore_errors=True)
