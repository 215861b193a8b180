"""The one way to write to the control plane, and to read it through the ORM.

`change` is one transaction that also raises the directory's version, so that every view in every
process sees it at its next look-up, and none sees half of it. `reading` is the same for reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.db.models import F

from alphorn.base.errors import Exists, Unavailable
from alphorn.directory.models import DirectoryVersion


@contextmanager
def change() -> Iterator[None]:
    """Everything inside is committed at its end, durably, or not at all. Not nested.

    Raises Unavailable where the database is locked for too long, full or unreachable; Exists where
    a constraint refuses what another process made at the same moment.
    """
    with _translated(), transaction.atomic(durable=True):
        yield
        DirectoryVersion.objects.filter(pk=1).update(version=F("version") + 1)


@contextmanager
def reading() -> Iterator[None]:
    """Reads through the ORM. Raises Unavailable."""
    with _translated():
        yield


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Exists(
            "Somebody else changed the same thing at the same moment; look again.", code="conflict"
        ) from error
    except OperationalError as error:
        raise Unavailable(
            "The control database cannot be used right now; try again.", code="directory"
        ) from error
    except DatabaseError as error:
        raise Unavailable("The control database is damaged.", code="directory") from error
