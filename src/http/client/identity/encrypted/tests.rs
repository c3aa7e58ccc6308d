use super::*;

/// The number of the key that all of them hold, which was made for this test.
const NUMBER: [u8; 32] = [
    0xba, 0xe5, 0x48, 0x8c, 0x30, 0x38, 0xb1, 0x5c, 0xc0, 0x02, 0xdd, 0x3d, 0x05, 0x45, 0x00, 0xfd,
    0xf9, 0xef, 0x17, 0x82, 0xa3, 0xf7, 0xc4, 0x05, 0xb1, 0xd9, 0x18, 0x50, 0xc5, 0x8d, 0xec, 0x14,
];

/// As `openssl pkcs8 -topk8` and `openssl ec` write them, with the passphrase `secret`.
const ENCRYPTED: [(&str, &str); 5] = [
    (
        "PBES2, AES-256, SHA-256",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgdjYccqwIsxgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJuSx7Gh6e2K3VCmFBEf5V4EgZDD
kAs9O9nCKQqBJmCBEHokl58zTkSCOPKaaK+Ist5ltmrnKywZ0nhOAC1sWx0a3uzY
8ZSZhqHzcTzexX/152/AWJOHwhYFoDe4WkIR8brRQ9lPaWC74tznwoiokwrtHls0
JktBfzIixI5bBGzJ18hFG8IXcEFMH5/2E24oxAUreBKoZ1SLN+7LY8kFxrjvX/g=
-----END ENCRYPTED PRIVATE KEY-----",
    ),
    (
        "PBES2, AES-128, SHA-1",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAjuYWVYCR90ewICCAAw
HQYJYIZIAWUDBAECBBBQH8L+1CzmtFG/I4lmAmFqBIGQIxK8GkrWGOmF2CkXdRla
LxTNEkKG5LZrfkWE24j3qsCbaFsjY5TPMSv5mFOASrXw8w/MSoQo4SkuU4H5o0Pf
aaixSF9oL1oG26GgWATmaCvUdJJdmt9a0i1H6kOWrXj4PH/wEU9QIVfD98cCRyIc
SLPrr8eUtaFWpHY2jeAJQenWPkKYlhmzixKLwMRc9IcJ
-----END ENCRYPTED PRIVATE KEY-----",
    ),
    (
        "PBES2, AES-192, SHA-512",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjToZ6rpdFnzAICCAAw
DAYIKoZIhvcNAgsFADAdBglghkgBZQMEARYEEJp7Sh/1MapruziaiYo7XnYEgZA3
J0qHiCDTtKZGPVFdpbzrWj4DrQNX8/2HgqRNdSO7PVlgiRgYXxiHUrFGoWHU6ANU
LcqlSf/qwqN2ZB7cQOSlEz65WhbH3mKPD3dQBku18kdtLI8FQac1DXG0axRzmoI+
1ynmvbDvpAvgh+1dFs709TEO6HqAi8j/0+R1h3qTAgpp+5EwLeAyAEintFdLPD4=
-----END ENCRYPTED PRIVATE KEY-----",
    ),
    (
        "traditional, AES-256",
        "-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-256-CBC,3639CEC0F322C50E618A9F810213F98B

KRp31KLpzaZyccVkMeKhogsD3/kZDrSKVVCL1dqvE32rlNY78QJXad0lxfFX7kXy
kMpYY4ufxUPTSIexy+k7mcRT2JXPSUXXOvVOgMACuTdJxlkOtGlzzMAlQyK26/j9
CTdM787W6sh4cgD82SsQJD57m/cKx513915bUaD1hZg=
-----END EC PRIVATE KEY-----",
    ),
    (
        "traditional, AES-128",
        "-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,FB5BA387AFFE95C12B93102FABE9F3C1

iN1gZotjFixlP0JO9FhIWCkwK9vYwUeaS8QJAsmwzSsxyz7i8QBiWAprRj45ZQCT
mFN5MHJduCewb2gyAvL55EB6f7s1CZrrPWIk51AlcodNI/E08lV+PNG1C/VLCPab
yBRK22ghBktJLh8fT9yVpCDM+D+kMOzVo91e4eDg1Mw=
-----END EC PRIVATE KEY-----",
    ),
];

const REFUSED: [(&str, &str); 2] = [
    (
        "PBES2",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHjME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAioN5G5E46n3gICCAAw
DAYIKoZIhvcNAgkFADAUBggqhkiG9w0DBwQIjwZRQRwbV/MEgZCDJMse5iBY/xOS
N+w1ORff/D1vfPrNueE3hCDf3tNBAvpt2nEnaT243AXaM8CfEO/ZpIPht4ShutwB
QHYR9QiptBvkgMjQsYKPHKO5hUfX4wXVPRcBMxUI78yCx8eOE/YAN6um4CxWoTAo
u1CEbro8YQWrEpu9JcaBkgVG6fTIO+xngAfmK/Z+unvNSJ+u7IY=
-----END ENCRYPTED PRIVATE KEY-----",
    ),
    (
        "DES-EDE3-CBC",
        "-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: DES-EDE3-CBC,C50EA471EBCACE11

B0o8Zgj1f2vKRJWOJIrVf48Jobv9x3+JC4VyeTSNYvflJRTusZBuQZvr1oQP3vvU
WAFEPa1lcmwBFrrKdnylWxRZOCuUc+dY0zKuh9rZyjDsiPtxsELoNiaB4kyAz37/
I2jgyNzpFS/ugDOpz8lFyvzqG0Hx+UOWXATTCao+rRQ=
-----END EC PRIVATE KEY-----",
    ),
];

#[test]
fn keys_are_decrypted_by_their_passphrase() {
    for (form, pem) in ENCRYPTED {
        let key = decrypt(pem.as_bytes(), "secret").unwrap().expect(form);
        let found = key.secret_der().windows(32).any(|part| part == NUMBER);
        assert!(found, "{form}");
        let wrong = decrypt(pem.as_bytes(), "another");
        let error = wrong.expect_err(form);
        assert!(
            error.contains("`private_key_passphrase`"),
            "{form}: {error}"
        );
    }
}

#[test]
fn what_is_too_old_is_named() {
    for (name, pem) in REFUSED {
        let error = decrypt(pem.as_bytes(), "secret").unwrap_err();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_key_in_clear_needs_no_passphrase() {
    let clear = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for pem in [clear.as_str(), "", "-----BEGIN PRIVATE KEY-----"] {
        assert!(decrypt(pem.as_bytes(), "secret").unwrap().is_none());
    }
}

#[test]
fn no_bytes_take_it_down() {
    let (_, pem) = ENCRYPTED[0];
    let block = block(pem).unwrap();
    for length in 0..block.bytes.len() {
        assert!(pkcs8(&block.bytes[..length], "secret").is_err());
    }
    for at in 0..block.bytes.len() {
        let mut bytes = block.bytes.clone();
        bytes[at] ^= 0x55;
        // Whatever comes of it: rounds are bounded, and nothing else is long.
        let _ = pkcs8(&bytes, "secret");
    }
}
