"""Whether a file can have been written by this user and the administrator only. What the program executes must be."""

import grp
import os
import pwd
import stat
from pathlib import Path


def only_ours(path: Path) -> bool:
    """Return whether nobody but this user and root can have written or exchanged the file at `path`.

    The file, its folder and all folders above must belong to this user or to root, and others must have no permission
    to write there. A folder with the sticky bit, such as `/tmp`, is an exception, because nobody can exchange another
    user's file in it. So is a group that consists of this user alone. Raises OSError for a file that is missing.
    """
    real = path.resolve(strict=True)
    return all(_ours(place, is_file=place == real) for place in (real, *real.parents))


def _ours(place: Path, *, is_file: bool) -> bool:
    found = place.stat()
    if found.st_uid not in (0, os.geteuid()):
        return False
    if found.st_mode & stat.S_ISVTX and not is_file:
        return True
    by_others = bool(found.st_mode & stat.S_IWOTH)
    by_group = bool(found.st_mode & stat.S_IWGRP) and not _group_of_one(found.st_gid)
    return not (by_others or by_group)


def _group_of_one(group: int) -> bool:
    """Return whether a group is this user's own, without other members."""
    if group == 0:
        return True
    try:
        user = pwd.getpwuid(os.geteuid())
        members = grp.getgrgid(group).gr_mem
    except KeyError:
        return False
    return user.pw_gid == group and set(members) <= {user.pw_name}
