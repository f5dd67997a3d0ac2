"""Runs as a program in a guest: puts secrets where kernels keep them, each told on the console, and leaves them there.

A secret is computed, so that no copy of this file holds one.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import pty
import socket
import struct
import subprocess
import time
import traceback
from collections.abc import Callable
from pathlib import Path

_ADD_KEY = {"x86_64": 248, "aarch64": 217}
_USER_KEYRING = -4  # KEY_SPEC_USER_KEYRING
_SOL_ALG, _ALG_SET_KEY = 279, 1
_TCP_ULP, _SOL_TLS, _TLS_TX = 31, 282, 1
_DM_CREATE, _DM_SUSPEND, _DM_LOAD = 3, 6, 9
_DM_BYTES = 312  # sizeof(struct dm_ioctl)
_NETLINK_GENERIC = 16
_WG_FAMILY, _CTRL = "wireguard", 16
_ADD_ENCRYPTION_KEY = 0xC0506617
_held: list[object] = []


def secret(name: str) -> bytes:
    """32 bytes that are printable, other ones for each name."""
    return hashlib.sha256(b"planted " + name.encode()).hexdigest()[:32].encode()


def key(name: str) -> bytes:
    """32 bytes of key."""
    return hashlib.sha256(b"planted key " + name.encode()).digest()


def keyrings() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    number = _ADD_KEY[os.uname().machine]
    for kind in ("user", "logon"):
        value = secret(kind)
        added = libc.syscall(number, kind.encode(), b"kdive:" + kind.encode(), value, len(value), _USER_KEYRING)
        if added < 0:
            raise OSError(ctypes.get_errno(), f"add_key {kind}")


def environment() -> None:
    environ = {"PATH": "/bin", "PASSWORD": secret("environment").decode()}
    _held.append(subprocess.Popen(["/bin/sleep", "100000"], env=environ))
    _held.append(subprocess.Popen(["/bin/sh", "-c", "sleep 100000", secret("argument").decode()]))


def terminal() -> None:
    os.makedirs("/dev/pts", exist_ok=True)
    subprocess.run(["mount", "-t", "devpts", "devpts", "/dev/pts"], check=True)
    master, slave = pty.openpty()
    _held.append((master, slave))
    os.write(master, secret("typed"))
    os.write(slave, secret("printed"))


def sockets() -> None:
    subprocess.run(["ifconfig", "lo", "127.0.0.1", "up"], check=True)
    one, other = socket.socketpair()
    one.send(secret("unix socket"))
    client, server = _connected()
    client.send(secret("tcp socket"))
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.sendto(secret("udp socket"), receiver.getsockname())
    _held.append((one, other, client, server, receiver, sender))


def _connected() -> tuple[socket.socket, socket.socket]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    listener.close()
    return client, server


def crypto() -> None:
    for kind, name, size in (("skcipher", "cbc(aes)", 32), ("hash", "hmac(sha256)", 32)):
        bound = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
        bound.bind((kind, name))
        bound.setsockopt(_SOL_ALG, _ALG_SET_KEY, key(kind)[:size])
        _held.append((bound, bound.accept()))


def tls() -> None:
    client, server = _connected()
    client.setsockopt(socket.SOL_TCP, _TCP_ULP, b"tls\0")
    # struct tls12_crypto_info_aes_gcm_128: version, cipher, iv, key, salt, rec_seq
    info = struct.pack("<HH8s16s4s8s", 0x0303, 51, bytes(8), key("tls")[:16], bytes(4), bytes(8))
    client.setsockopt(_SOL_TLS, _TLS_TX, info)
    client.send(secret("tls socket"))
    _held.append((client, server))


def dm_crypt() -> None:
    control = os.open("/dev/mapper/control", os.O_RDWR)
    _dm(control, _DM_CREATE, b"")
    parameters = f"aes-xts-plain64 {key('dm-crypt').hex()} 0 /dev/vda 0".encode() + b"\0"
    parameters += bytes(-len(parameters) % 8)
    target = struct.pack("<QQiI16s", 0, 1024, 0, 40 + len(parameters), b"crypt") + parameters
    _dm(control, _DM_LOAD, target)
    _dm(control, _DM_SUSPEND, b"")


def _dm(control: int, number: int, data: bytes) -> None:
    """One call of the device mapper: a struct dm_ioctl, and a target behind it."""
    head = struct.pack("<6Ii3IQ", 4, 0, 0, _DM_BYTES + len(data), _DM_BYTES, int(bool(data)), 0, 0, 0, 0, 0)
    head += b"vault".ljust(128, b"\0")
    request = 0xC0000000 | _DM_BYTES << 16 | 0xFD << 8 | number
    fcntl.ioctl(control, request, bytearray(head.ljust(_DM_BYTES, b"\0") + data))


def wireguard() -> None:
    route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    kind = _attribute(18, _attribute(1, b"wireguard"))  # IFLA_LINKINFO, IFLA_INFO_KIND
    _ask(route, 16, 0x600, struct.pack("<BxHiII", 0, 0, 0, 0, 0) + _attribute(3, b"wg0\0") + kind)
    generic = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC)
    answer = _ask(generic, _CTRL, 0, struct.pack("<BBH", 3, 1, 0) + _attribute(2, _WG_FAMILY.encode() + b"\0"))
    family = _family(answer[20:])
    peer = _attribute(1, key("wireguard peer")) + _attribute(2, key("wireguard preshared"))
    peers = _attribute(8 | 0x8000, _attribute(0x8000, peer))
    device = _attribute(2, b"wg0\0") + _attribute(3, private("wireguard")) + peers
    _ask(generic, family, 0, struct.pack("<BBH", 1, 1, 0) + device)
    _held.append((route, generic))


def private(name: str) -> bytes:
    """A key as curve25519 has it: the kernel sets some of its bits."""
    value = bytearray(key(name))
    value[0] &= 248
    value[31] = value[31] & 127 | 64
    return bytes(value)


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def _ask(netlink: socket.socket, kind: int, flags: int, data: bytes) -> bytes:
    netlink.send(struct.pack("<IHHII", 16 + len(data), kind, 5 | flags, 1, 0) + data)  # REQUEST, ACK
    answer = netlink.recv(65536)
    _, what, _, _, _, error = struct.unpack_from("<IHHIIi", answer)
    if what == 2 and error:
        raise OSError(-error, "netlink")
    return answer


def _family(attributes: bytes) -> int:
    while attributes:
        size, kind = struct.unpack_from("<HH", attributes)
        if kind == 1:  # CTRL_ATTR_FAMILY_ID
            return int(struct.unpack_from("<H", attributes, 4)[0])
        attributes = attributes[-(-size // 4) * 4 :]
    raise OSError("no such family")


def fscrypt() -> None:
    os.makedirs("/mnt", exist_ok=True)
    subprocess.run(["mount", "-t", "ext4", "/dev/vdb", "/mnt"], check=True)
    # struct fscrypt_add_key_arg: key_spec (type 2, an identifier), raw_size, key_id, then the key
    raw = key("fscrypt") + key("fscrypt 2")
    argument = struct.pack("<II32sII32s", 2, 0, b"", len(raw), 0, b"") + raw
    folder = os.open("/mnt", os.O_RDONLY)
    fcntl.ioctl(folder, _ADD_ENCRYPTION_KEY, bytearray(argument))
    _held.append(folder)


_ALL: tuple[Callable[[], None], ...] = (
    keyrings,
    environment,
    terminal,
    sockets,
    crypto,
    tls,
    dm_crypt,
    wireguard,
    fscrypt,
)


def main() -> None:
    for plant in _ALL:
        try:
            plant()
            print(f"kdive-test: planted {plant.__name__}", flush=True)
        except Exception:
            print(f"kdive-test: not planted {plant.__name__}: {traceback.format_exc()}", flush=True)
    Path("/planted").touch()
    while True:
        time.sleep(1000)


if __name__ == "__main__":
    main()
