"""Both modes over TLS."""

import asyncio
import json
import ssl
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from pytest_websocket.wstest.command import main
from verification.unit.wstest.conftest import StartLoop, echo


@pytest.fixture
def certificate(tmp_path: Path) -> trustme.LeafCert:
    leaf = trustme.CA().issue_cert("127.0.0.1")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    return leaf


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.usefixtures("certificate")
async def test_client_runs_cases_of_a_wss_server(start_loop: StartLoop, tmp_path: Path) -> None:
    files = {"key": str(tmp_path / "key.pem"), "cert": str(tmp_path / "cert.pem")}
    loop = await start_loop("1.1.1", "3.1", url="wss://127.0.0.1:0", **files)
    url = f"wss://127.0.0.1:{loop.server.port}/runCase?casetuple=1.1.1&agent=tls"
    async with connect(url, ssl=trusting()) as connection:
        await echo(connection)
    result = await asyncio.wait_for(loop.results.wait_for("tls", "1.1.1"), 10)
    assert (result.verdict.behavior, result.verdict.behavior_close) == ("OK", "OK")


async def test_wss_server_is_tested(certificate: trustme.LeafCert, tmp_path: Path) -> None:
    async def handler(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    async with serve(handler, "127.0.0.1", 0, ssl=context) as server:
        url = f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        words = ["-m", "fuzzingclient", "-w", url, "-i", "tls", "--cases", "1.1.*,2.5,3.1,6.3.1,7.3.*"]
        status = await asyncio.to_thread(main, [*words, "--outdir", str(tmp_path / "out")])
    assert status == 0
    assert len(json.loads((tmp_path / "out" / "index.json").read_text())["tls"]) == 17


@pytest.mark.usefixtures("certificate")
def test_certificate_that_cannot_be_used_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cert = str(tmp_path / "cert.pem")
    words = ["-m", "fuzzingserver", "-w", "wss://127.0.0.1:0", "-k", cert, "-c", cert, "--only-reference"]
    assert main(words) == 4
    err = capsys.readouterr().err
    assert "cert.pem" in err
    assert err.count("\n") == 1
