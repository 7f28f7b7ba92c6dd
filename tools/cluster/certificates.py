"""The cluster's own authority, certificates and kubeconfigs, by `openssl`."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_AUTHORITY = """[req]
distinguished_name = d
[d]
[x]
basicConstraints = critical,CA:true
keyUsage = keyCertSign,cRLSign,digitalSignature
"""
_CERTIFICATE = """[req]
distinguished_name = d
[d]
[x]
extendedKeyUsage = clientAuth,serverAuth
{names}
"""
_KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "{server}", certificate-authority-data: {authority}}}}}]
users: [{{name: user, user: {{client-certificate-data: {certificate}, client-key-data: {key}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: user}}}}]
current-context: test
"""
_NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority in a folder: `ca.crt`, `ca.key`, and what it has signed."""

    folder: Path

    def create(self) -> None:
        """Make the authority, and the key pair that signs the tokens of service accounts."""
        self.folder.mkdir(mode=0o700)
        self._request("ca", "/CN=test-ca", _AUTHORITY)
        key, public = self.folder / "sa.key", self.folder / "sa.pub"
        curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        _openssl("genpkey", *curve, "-out", str(key))
        _openssl("pkey", "-in", str(key), "-pubout", "-out", str(public))

    def sign(self, name: str, subject: str, names: str = "") -> None:
        """Make `<name>.crt` and `<name>.key`. names: subjectAltName, as openssl writes it."""
        alternatives = f"subjectAltName = {names}" if names else ""
        signed = ("-CA", str(self.folder / "ca.crt"), "-CAkey", str(self.folder / "ca.key"))
        self._request(name, subject, _CERTIFICATE.format(names=alternatives), *signed)

    def kubeconfig(self, result: Path, subject: str, server: str) -> None:
        """Write a kubeconfig (0600) of a new client certificate. subject: `/O=group/CN=user`."""
        name = result.stem
        self.sign(name, subject)
        text = _KUBECONFIG.format(
            server=server,
            authority=self._encoded("ca.crt"),
            certificate=self._encoded(f"{name}.crt"),
            key=self._encoded(f"{name}.key"),
        )
        with os.fdopen(os.open(result, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)

    def _request(self, name: str, subject: str, settings: str, *more: str) -> None:
        written = self.folder / f"{name}.cnf"
        written.write_text(settings)
        key, certificate = (str(self.folder / f"{name}.{kind}") for kind in ("key", "crt"))
        files = ("-config", str(written), "-extensions", "x", "-keyout", key, "-out", certificate)
        _openssl("req", "-x509", *more, *_NEW, "-subj", subject, *files)

    def _encoded(self, name: str) -> str:
        return base64.b64encode((self.folder / name).read_bytes()).decode()


def _openssl(*arguments: str) -> None:
    subprocess.run(("openssl", *arguments), check=True, capture_output=True)
