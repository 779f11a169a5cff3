"""Program of the helper process that looks at HDF5 files first: it may hang, fill its memory or crash in our place.

Damaged files exist on which libhdf5 never returns, and nothing in a process can interrupt it. So a file is walked and
read once here, under a time limit kept by the parent, before the parent opens the same bytes. The program stands alone
(it imports nothing of the package) so that it starts fast. On its input, files follow each other: 8 bytes of length,
then the content; each is answered by a line of JSON: ``{}``, or ``{"place": ..., "fact": ...}`` for a file refused.

An HDF5 file may point elsewhere (soft and external links, external storage, virtual datasets), so that a reader hands
out another file of the machine; it may declare far more than it holds; and its filters may load code. All is refused.
"""

import json
import math
import sys
from typing import Any

import h5py
from h5py import h5l, h5o  # type: ignore[attr-defined]  # in no stub

MAX_DECLARED = 256 * 2**20
MAX_OBJECTS = 20_000
MAX_ATTRIBUTES = 200_000
MAX_DEPTH = 32
MAX_RATIO = 200
MAX_MEMORY = 3 * 2**30
_FREE = 2**20  # a dataset declared smaller than this may be as sparse as it likes
_TEXT_BUDGET = 2**30
_FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_SHUFFLE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_SZIP,
    h5py.h5z.FILTER_NBIT,
    h5py.h5z.FILTER_SCALEOFFSET,
}


class RefusedError(Exception):
    """What the gate has against a place in the file."""

    def __init__(self, place: str, fact: str) -> None:
        super().__init__(fact)
        self.place = place
        self.fact = fact


class Walk:
    """One walk over a file: headers first and judged, then the values behind them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.seen: set[int] = set()
        self.objects = 0
        self.attributes = 0
        self.declared = 0

    def group(self, group: Any, place: str, depth: int) -> None:
        """Judge a group and all below it."""
        if depth > MAX_DEPTH:
            raise RefusedError(place, f"is nested deeper than {MAX_DEPTH} levels")
        if not self.enter(group, place):
            return
        for name in group:
            inner = f"{place}/{name.decode('utf-8', errors='replace')}"
            link = group.links.get_info(name)
            if link.type != h5l.TYPE_HARD:
                words = "an external link" if link.type == h5l.TYPE_EXTERNAL else "a soft link"
                raise RefusedError(inner, f"is {words}, which could lead out of the file")
            member = h5o.open(group, name)
            if isinstance(member, h5py.h5g.GroupID):
                self.group(member, inner, depth + 1)
            elif self.enter(member, inner) and isinstance(member, h5py.h5d.DatasetID):
                self.dataset(member, inner)

    def enter(self, item: Any, place: str) -> bool:
        """Count an object and its attributes; False if it was met before."""
        address = h5o.get_info(item).addr
        if address in self.seen:
            return False
        self.seen.add(address)
        self.objects += 1
        count = h5py.h5a.get_num_attrs(item)
        self.attributes += count
        if self.objects > MAX_OBJECTS or self.attributes > MAX_ATTRIBUTES:
            fact = f"is beyond the {MAX_OBJECTS} objects or {MAX_ATTRIBUTES} attributes allowed in a file"
            raise RefusedError(place, fact)
        for index in range(count):
            attribute = h5py.h5a.open(item, index=index)
            self.budget(attribute.get_type(), attribute.shape, f"{place}@{attribute.name.decode('utf-8', 'replace')}")
        return True

    def dataset(self, item: Any, place: str) -> None:
        """Judge a dataset by its header."""
        creation = item.get_create_plist()
        if creation.get_external_count() > 0:
            raise RefusedError(place, "keeps its values in another file (external storage)")
        if creation.get_layout() == h5py.h5d.VIRTUAL:
            raise RefusedError(place, "is a virtual dataset, which could lead out of the file")
        for index in range(creation.get_nfilters()):
            code = creation.get_filter(index)[0]
            if code not in _FILTERS:
                raise RefusedError(place, f"needs the filter {code}, which is not built in")
        declared, held = self.budget(item.get_type(), item.shape, place), item.get_storage_size()
        if declared > _FREE and declared > MAX_RATIO * held and not _is_bare_dimension(item):
            fact = f"declares {declared / 2**20:.0f} MiB and holds {held / 2**20:.2f} MiB, a ratio above {MAX_RATIO}"
            raise RefusedError(place, fact)

    def budget(self, kind: Any, shape: tuple[int, ...] | None, place: str) -> int:
        """Add what an array declares to the total; give its size in bytes."""
        count = math.prod(shape or ())
        size = count * kind.get_size()
        self.declared += size
        if self.declared > MAX_DECLARED:
            raise RefusedError(place, f"brings the declared size to more than {MAX_DECLARED / 2**20:.0f} MiB")
        # each element of variable length may point at the same bytes, so a small file could fill the memory
        if _has_variable_length(kind) and count > 1 and count * self.size > _TEXT_BUDGET:
            raise RefusedError(place, f"declares {count} texts of any length")
        return size


def _has_variable_length(kind: Any) -> bool:
    return kind.detect_class(h5py.h5t.VLEN) or (isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str())


def _is_bare_dimension(item: Any) -> bool:
    """Whether a dataset is only a placeholder that netCDF writes for a dimension without values; it is never read."""
    return h5py.h5a.exists(item, b"CLASS") and h5py.h5a.exists(item, b"NAME") and item.get_storage_size() == 0


def _read_all(file: h5py.File) -> None:
    """Read every value once, as the parent may do next."""

    def read(_: str, item: Any) -> None:
        for name in item.attrs:
            item.attrs[name]
        if isinstance(item, h5py.Dataset):
            for dim in item.dims:
                list(dim.keys())
            if not _is_bare_dimension(item.id):
                item[()]

    read("/", file)
    file.visititems(read)


def judge(content: bytes) -> dict[str, str]:
    """Walk and read a file; give what is wrong with it, or nothing."""
    try:
        with h5py.File(h5py.h5f.open_file_image(content)) as file:
            Walk(len(content)).group(file.id, "", 0)
            _read_all(file)
    except RefusedError as refused:
        return {"place": refused.place or "/", "fact": refused.fact}
    except Exception as error:  # noqa: BLE001  whatever h5py raises for a damaged file, the answer is the same
        return {"place": "", "fact": f"{type(error).__name__}: {error}"}
    return {}


def main() -> None:
    """Answer files until the input ends."""
    try:
        import resource  # not on every system

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sink.write(b"ready\n")
    sink.flush()
    while header := source.read(8):
        content = source.read(int.from_bytes(header, "big"))
        sink.write(json.dumps(judge(content)).encode("ascii", "replace") + b"\n")
        sink.flush()


if __name__ == "__main__":
    main()
