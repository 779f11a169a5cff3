"""Importers of lab formats: one module and one `Importer` record a format; they are asked in the order below."""

from qrexplore.data.importers.importer import Importer
from qrexplore.data.importers.native import NATIVE
from qrexplore.data.importers.pycqed import PYCQED
from qrexplore.data.importers.qibocal import QIBOCAL
from qrexplore.data.importers.quantify import QUANTIFY
from qrexplore.data.importers.tergite import TERGITE

IMPORTERS = (NATIVE, QUANTIFY, PYCQED, QIBOCAL, TERGITE)

__all__ = ["IMPORTERS", "Importer"]
