"""HTTP clients as their languages bring them, without any setting."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support import missing
from tests.support.clients import held, server_source
from tests.support.http_clients import EVENTS, element_json, request_json, server_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ServerProcess

pytestmark = [pytest.mark.polyglot, pytest.mark.timeout(300)]

JAVA = """
import java.net.URI;
import java.net.http.*;
public class Post {
  public static void main(String[] arguments) throws Exception {
    var client = HttpClient.newHttpClient();
    for (int times = 0; times < 2; times++) {
      var body = HttpRequest.BodyPublishers.ofString(arguments[1 + times]);
      var request = HttpRequest.newBuilder(URI.create(arguments[0]))
          .header("Content-Type", "application/json").POST(body).build();
      System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    }
  }
}
"""


def body(server_uuid: str) -> str:
    """Return a good request's body."""
    return json.dumps(request_json(server_json(server_uuid), element_json()))


def test_javas_own_client(shared_server: ServerProcess, tmp_path: Path) -> None:
    """Its HttpClient, as it is without any setting, offers h2c with the first request."""
    java = shutil.which("java")
    if java is None:
        missing.skip("no java here")
    source = server_source()
    (tmp_path / "Post.java").write_text(JAVA)
    bodies = [body(source.server.server_uuid) for _ in range(2)]
    done = subprocess.run(
        [java, str(tmp_path / "Post.java"), f"http://{shared_server.http_address}{EVENTS}", *bodies],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["204", "204"]), done.stderr
    assert held(shared_server, source) == {"element_stat": 2}
