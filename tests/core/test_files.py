"""Files that are written whole: the old one or the new one, whatever happens."""

import pytest

from qrexplore.core import write_whole
from tests.faults import full_disk


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path):
    place = tmp_path / "result.json"
    write_whole(place, b"old")
    place.chmod(0o640)
    write_whole(place, b"new")
    assert place.read_bytes() == b"new"
    assert place.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [place]


def test_a_full_disk_is_said_with_the_name_of_the_file_which_stays_as_it_was(tmp_path):
    place = tmp_path / "result.json"
    write_whole(place, b"old")
    with full_disk(1000), pytest.raises(OSError, match=r"File too large: '.*/result\.json'$"):
        write_whole(place, b"new" * 1000)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_folder_that_is_not_there_is_said_with_the_name_of_the_file(tmp_path):
    with pytest.raises(OSError, match=r"No such file or directory: '.*/nowhere/result\.json'$"):
        write_whole(tmp_path / "nowhere" / "result.json", b"new")
