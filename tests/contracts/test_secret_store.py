"""Run the contract of secrets on the fake and on OpenBao."""

from __future__ import annotations

import pytest
from tests.contracts.secret_store import SecretStoreContract, Vault

from sardonyx.adapters.openbao.store import OpenBaoStore
from sardonyx.testing.identity import memory_issuer
from sardonyx.testing.parts import RunningParts
from sardonyx.testing.secret_store import MemorySecretStore


class TestMemory(SecretStoreContract):
    @pytest.fixture
    def vault(self) -> Vault:
        issuer = memory_issuer()
        return Vault(issuer, lambda identity: MemorySecretStore(identity, issuer))


@pytest.mark.real
class TestOpenBao(SecretStoreContract):
    @pytest.fixture
    def vault(self, real_parts: RunningParts) -> Vault:
        return Vault(
            real_parts.issuer,
            lambda identity: OpenBaoStore(identity=identity, address=real_parts.openbao_address),
        )
