"""Any store sealed: what it keeps can be read with a keyring apart from it, and not without."""

from profilecore_sealed.keyfile import FileKeyring
from profilecore_sealed.keyring import Keyring
from profilecore_sealed.store import SealedStore, open_store

__all__ = ["FileKeyring", "Keyring", "SealedStore", "open_store"]
