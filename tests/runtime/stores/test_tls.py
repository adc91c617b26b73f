"""Connections to stores on other machines are verified."""

from __future__ import annotations

import datetime as dt
import subprocess
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.stores.tls import redis_options, secure_postgres
from tests.redis import find_program
from tests.stores import leave_out

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///log",
        "postgresql://localhost/log",
        "postgresql://LocalHost/log",
        "postgresql://127.0.0.1:5433/log",
        "postgresql://127.9.9.9/log",
        "postgresql://[::1]/log",
        "postgresql://localhost,127.0.0.1/log",
        "postgresql://db.example.com/log?sslmode=disable",
        "postgresql://u@/log?host=/run/postgresql",
    ],
)
def test_what_is_local_or_says_so_is_as_it_is(url: str) -> None:
    pytest.importorskip("psycopg")
    assert secure_postgres(url, {}) == url


def test_another_machine_is_verified() -> None:
    info = pytest.importorskip("psycopg.conninfo")
    url = "postgresql://u:p@db.example.com:5433/log"
    found = info.conninfo_to_dict(secure_postgres(url, {}))
    assert found["sslmode"] == "verify-full"
    assert found["sslrootcert"] == "system"
    assert (found["host"], found["password"], found["dbname"]) == ("db.example.com", "p", "log")
    own = info.conninfo_to_dict(secure_postgres(f"{url}?sslrootcert=/ca.pem", {}))
    assert (own["sslmode"], own["sslrootcert"]) == ("verify-full", "/ca.pem")
    assert secure_postgres(url, {"PGSSLMODE": "require"}) == url
    named = info.conninfo_to_dict(secure_postgres("postgresql:///log", {"PGHOST": "db"}))
    assert named["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    "host", ["localhost.example.com", "127.0.0.1.example.com", "localhost,db.example.com", "::10"]
)
def test_a_name_that_begins_like_this_machine_is_another(host: str) -> None:
    info = pytest.importorskip("psycopg.conninfo")
    made = info.make_conninfo("", host=host, dbname="log")
    assert info.conninfo_to_dict(secure_postgres(made, {}))["sslmode"] == "verify-full"


def test_redis_is_verified_where_it_is_encrypted() -> None:
    assert redis_options("redis://cache.example.com/0") == {}
    assert redis_options("rediss://cache.example.com/0")["ssl_cert_reqs"] == "required"


@pytest.mark.slow
def test_a_redis_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    program = find_program()
    if program is None:
        leave_out("Redis is not installed")
    pytest.importorskip("redis")
    from promptops.runtime.conversation.entries import Owner
    from promptops.runtime.conversation.redis import RedisStore
    from promptops.runtime.log.log import LogError
    from tests.prometheus import free_port

    _make_certificate(tmp_path)
    port = free_port()
    process = subprocess.Popen(
        [
            *(str(program), "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1"),
            *("--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"),
            *("--tls-ca-cert-file", "cert.pem", "--tls-auth-clients", "no", "--save", ""),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if b"Ready to accept" in line:
                break
        else:
            leave_out("this Redis knows no TLS")
        url = f"rediss://localhost:{port}/0"
        owner = Owner()
        with pytest.raises(LogError, match=r"(?i)certificate"):
            RedisStore(url).tail("c", owner=owner, tokens=9, now=0)
        trusted = RedisStore(f"{url}?ssl_ca_certs={tmp_path / 'cert.pem'}")
        assert trusted.tail("c", owner=owner, tokens=9, now=0).number == 0
        trusted.close()
    finally:
        process.terminate()
        process.communicate()


def _make_certificate(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
