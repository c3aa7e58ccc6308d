//! What a certificate's subject may be used for: the extended key usages.

use super::der::Oid;

/// A usage that is known, by the place that it has in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage(usize);

/// Each usage: how options call it, and its identifier. Go knows it by its place.
const USAGES: [(&str, &[u8]); 14] = [
    ("KeyUsageAny", &[0x55, 0x1d, 37, 0]),
    ("KeyUsageServerAuth", &[0x2b, 6, 1, 5, 5, 7, 3, 1]),
    ("KeyUsageClientAuth", &[0x2b, 6, 1, 5, 5, 7, 3, 2]),
    ("KeyUsageCodeSigning", &[0x2b, 6, 1, 5, 5, 7, 3, 3]),
    ("KeyUsageEmailProtection", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    ("KeyUsageIPSECEndSystem", &[0x2b, 6, 1, 5, 5, 7, 3, 5]),
    ("KeyUsageIPSECTunnel", &[0x2b, 6, 1, 5, 5, 7, 3, 6]),
    ("KeyUsageIPSECUser", &[0x2b, 6, 1, 5, 5, 7, 3, 7]),
    ("KeyUsageTimeStamping", &[0x2b, 6, 1, 5, 5, 7, 3, 8]),
    ("KeyUsageOCSPSigning", &[0x2b, 6, 1, 5, 5, 7, 3, 9]),
    (
        "KeyUsageMicrosoftServerGatedCrypto",
        &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3],
    ),
    (
        "KeyUsageNetscapeServerGatedCrypto",
        &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1],
    ),
    (
        "KeyUsageMicrosoftCommercialCodeSigning",
        &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 22],
    ),
    (
        "KeyUsageMicrosoftKernelCodeSigning",
        &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 61, 1, 1],
    ),
];

// === impl Usage ===

impl Usage {
    /// Any usage.
    pub(super) const ANY: Self = Self(0);

    /// Showing who a server is.
    pub(super) const SERVER: Self = Self(1);

    /// The usage of that identifier.
    pub(super) fn of(oid: Oid<'_>) -> Option<Self> {
        USAGES.iter().position(|(_, id)| *id == oid.0).map(Self)
    }

    /// The usage that options call so.
    pub(super) fn named(name: &str) -> Option<Self> {
        USAGES
            .iter()
            .position(|(known, _)| *known == name)
            .map(Self)
    }

    /// The number by which Go knows it.
    pub(super) fn number(self) -> usize {
        self.0
    }
}
