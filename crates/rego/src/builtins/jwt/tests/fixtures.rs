//! Keys that were made for these tests, and tokens that others signed with them. All say `{"iss": "ann"}`.

/// A private key: 2,048 bits.
pub(super) const RSA_PRIVATE: &str = r#"{"kty": "RSA", "n": "1gfeAOt1_7PpUxfbqoFT1TCeefBwjLDIrIZ0zL5uB_DlZq0y5zzz_4rKQ4t4F49E1PoSYot7kYLqBLhNgWIzZTuDA_UMCYgo_9WC0db860f3VtIYv5k5r-ktbsT8n5ORJISezQz19Hl1cR4OaSoKc_4bYa0zyIQKR8sjGl7giXB5WFtpPhQlrGzhq2dNr6nSrTaqR7n6hmpSR0QMAWIkFgmg-KQIC8B6wS6wYgfPiAPm_r_zB8ZREbGZOUnUgDJ_o2kHmkM2RV1DJHwNmtPZ07fdcFdQ5AdL5lQlAG6tadiqfA99FjOakSUq_WHUtXW8FqsUbb22ltnBFefUGrTHcw", "e": "AQAB", "d": "QAJ6UqwYzjBwR3mLKKMk_01bF_zgrDLy0SYlKFaLcbSJ5vtFjgKctoA7nZfIgsNGQqvHc9FjU1Fjy6WTCG7mEBCMTlKrFu6x1FF2nms9mOAdCMosvKCGsCV8gPRI2TC458MB-zE1Hbh1dy8WAD2igq4sYjn6kq1qpa4LAYf-fxun-WrT0XfF9Zw1KGsvqSscHoqqV_63srles1jJUd4jqilDW7Spt01i-ptNbL3Q7l3c103Cjc5mGcRhTsCVvA48wctjc1mYQKzK6Fy-RwV-IO1YSAcSL4HuUIIZR6gbHqMHtMGo1t9RXFXrNAlTrYwZYk9knP2WwYL6izwwxvDMgQ", "p": "9tPP-xmfESZOlSwsjJh0-qBKiRZG04q_VghkSHNMQu4WbBfZUI_Qipp2FOMO126qM4pD7ku2bITxS3XjVEh4q0w0MMZB2leCZ-W4MeFfA2kRr4IW_oTJq9wGG9gv9SZvv-EbkEdmFuFM-rns_CvuSeYOstW2Kh-GOYLMrW281s8", "q": "3fwLXKLylHQeKH34nHZcRaOCD5qoPLK4V2dRfgjeN_uvvRFhHHlWNCyYUdSB4ZQ_A6K9TOP2-SHTYp7N4xvhNiSG5k8iBHEHN8F8gnDkKAs0X85-rFs3YlwCrN6qhFkq-cJT4MjYRhg9PHaY5gf281wsRxnG7NFE89lxuICk7h0", "dp": "G0hWWN8AIhkl3n8_fVrsszc8heKceY2AkLXkv81exJcki1YngywiVO-11aEzZsSos4G4-IIN6_jV4w1oz0wjamvF6Q5BAS1jELDnpzvOEMZwWgH7IK70y7ZKRpGi22ogOAldzpjVw_mrVJtwgn8om6p-PW458HYDlB_NF-5lTSk", "dq": "k5JrOzpYabiIFAMqs1k8Hk-EtzrpfPCS_AgDdPYQRMddHSPgmz1OwYCkAkJz1bLn8VLO5b7nANgr3vQTi1eNcKD3zUPuKWW6lqZaT50dEEHin453R72cJBdm7-VXFoTwvPkjKdxbar3Sd8-f9cx1r3MnPF02kVjNrg5wO2fKPUE", "qi": "ph8IOzg1jkjKJuxWi6JJUBPXcyFRpHQlQJ5Ynu6IXZBpXC9gzqIcetVuAclOYtoHWN6qbf95sG7eSYsQ1dJJqzJ9P73Yd-o-uFb3a9d8SECQwvKmfPpAhGFroKpdjhimJMDj_qP1iMNnyZYRWlKVZsT5BhEB8rkOW2KhhVFG_so"}"#;
/// Its public part.
pub(super) const RSA: &str = r#"{"kty": "RSA", "n": "1gfeAOt1_7PpUxfbqoFT1TCeefBwjLDIrIZ0zL5uB_DlZq0y5zzz_4rKQ4t4F49E1PoSYot7kYLqBLhNgWIzZTuDA_UMCYgo_9WC0db860f3VtIYv5k5r-ktbsT8n5ORJISezQz19Hl1cR4OaSoKc_4bYa0zyIQKR8sjGl7giXB5WFtpPhQlrGzhq2dNr6nSrTaqR7n6hmpSR0QMAWIkFgmg-KQIC8B6wS6wYgfPiAPm_r_zB8ZREbGZOUnUgDJ_o2kHmkM2RV1DJHwNmtPZ07fdcFdQ5AdL5lQlAG6tadiqfA99FjOakSUq_WHUtXW8FqsUbb22ltnBFefUGrTHcw", "e": "AQAB"}"#;
/// A private key: P-256.
pub(super) const P256_PRIVATE: &str = r#"{"kty": "EC", "crv": "P-256", "x": "CumgpKQe0y48ffXJrn09W7vZ1IAljyvs6cIg4iejFjY", "y": "c5oOJfizer82Zkj9jXTgC_5GsKkmyAFYNiUzAMTZT9A", "d": "ys0G9kwjiohyaI3UCrCBVYYDBb0Ke-_ssMTvBiZEf2s"}"#;
/// Its public part.
pub(super) const P256: &str = r#"{"kty": "EC", "crv": "P-256", "x": "CumgpKQe0y48ffXJrn09W7vZ1IAljyvs6cIg4iejFjY", "y": "c5oOJfizer82Zkj9jXTgC_5GsKkmyAFYNiUzAMTZT9A"}"#;
/// A private key: P-384.
pub(super) const P384_PRIVATE: &str = r#"{"kty": "EC", "crv": "P-384", "x": "O-L2u1TOcnerzwU32R2jgaZOv5pPFXBLukEhYxRnbG1GrEjcURcwQpKsc_TmyPOm", "y": "mbmjVzNduJFGIB1NVE8nNTO7V83A8SB6YQIyjwvdor-082VH4XC68o1w9HncSfer", "d": "nUgfhwCa0OYvzzjsnyuIOy04Pk2V6FuDInAmH-xFX0JsaDnhuuCE9-_B5OaZD0Er"}"#;
/// Its public part.
pub(super) const P384: &str = r#"{"kty": "EC", "crv": "P-384", "x": "O-L2u1TOcnerzwU32R2jgaZOv5pPFXBLukEhYxRnbG1GrEjcURcwQpKsc_TmyPOm", "y": "mbmjVzNduJFGIB1NVE8nNTO7V83A8SB6YQIyjwvdor-082VH4XC68o1w9HncSfer"}"#;
/// A private key: P-521.
pub(super) const P521_PRIVATE: &str = r#"{"kty": "EC", "crv": "P-521", "x": "AHJeEWN4lF_IRJGIM4odzyZo7E3Vp0u0luFzMNqG4J6I2kEk32iATv4xveUm86hG2q2DphfEN3oIC5hEyUp4_9Zg", "y": "Aa3WhtRqJqo33yGu-5INSBIsGLA4mPeJiMsWyxZ9BcOsm-SCHN9PcSopi6G-lkspqqSCslZO0gzfqQ66uziUot6A", "d": "AA0SYts_5vCn5bAnZpSQPhb5d6c_X09tglCauH2kDln2Lyz7ATdbzn3xgubW1e2XUH39K4JPxa-Nhyg0yRypR0uM"}"#;
/// Its public part.
pub(super) const P521: &str = r#"{"kty": "EC", "crv": "P-521", "x": "AHJeEWN4lF_IRJGIM4odzyZo7E3Vp0u0luFzMNqG4J6I2kEk32iATv4xveUm86hG2q2DphfEN3oIC5hEyUp4_9Zg", "y": "Aa3WhtRqJqo33yGu-5INSBIsGLA4mPeJiMsWyxZ9BcOsm-SCHN9PcSopi6G-lkspqqSCslZO0gzfqQ66uziUot6A"}"#;
/// A private key: Ed25519.
pub(super) const ED25519_PRIVATE: &str = r#"{"kty": "OKP", "crv": "Ed25519", "x": "NxusZfeAJX1Qr1KlXVcXkRDHVQusWKS-Ei8Apfo8jdM", "d": "xBtyDbGGjNkqLxPMA20wkst6kgg7ymkLSoP-FWF4-2Y"}"#;
/// Its public part.
pub(super) const ED25519: &str =
    r#"{"kty": "OKP", "crv": "Ed25519", "x": "NxusZfeAJX1Qr1KlXVcXkRDHVQusWKS-Ei8Apfo8jdM"}"#;
/// A public key that is too short.
pub(super) const RSA_OF_1024_BITS: &str = r#"{"kty": "RSA", "n": "1koLc0D6XZ-KxkVIAi9vnB0DPijjtVOKbahWHt-p8rpiPqWkt53_NDphTii--U6GAFVzp_LCYfCu4-bQ1oC2dKQfSqXe2ZgQOAEYo8gWsd_d3emXlgNJVymIyqt6Fdv5zL1EenSDZWwB7VNMyyeHsfNhTpwoiVFhfwnLDBvkss0", "e": "AQAB"}"#;
/// `RSA` in PEM.
pub(super) const RSA_PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1gfeAOt1/7PpUxfbqoFT
1TCeefBwjLDIrIZ0zL5uB/DlZq0y5zzz/4rKQ4t4F49E1PoSYot7kYLqBLhNgWIz
ZTuDA/UMCYgo/9WC0db860f3VtIYv5k5r+ktbsT8n5ORJISezQz19Hl1cR4OaSoK
c/4bYa0zyIQKR8sjGl7giXB5WFtpPhQlrGzhq2dNr6nSrTaqR7n6hmpSR0QMAWIk
Fgmg+KQIC8B6wS6wYgfPiAPm/r/zB8ZREbGZOUnUgDJ/o2kHmkM2RV1DJHwNmtPZ
07fdcFdQ5AdL5lQlAG6tadiqfA99FjOakSUq/WHUtXW8FqsUbb22ltnBFefUGrTH
cwIDAQAB
-----END PUBLIC KEY-----
";
/// `RSA` in a certificate.
pub(super) const RSA_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIICmzCCAYOgAwIBAgIBATANBgkqhkiG9w0BAQsFADARMQ8wDQYDVQQDDAZyZWdh
dGUwHhcNMjAwMTAxMDAwMDAwWhcNNDAwMTAxMDAwMDAwWjARMQ8wDQYDVQQDDAZy
ZWdhdGUwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDWB94A63X/s+lT
F9uqgVPVMJ558HCMsMishnTMvm4H8OVmrTLnPPP/ispDi3gXj0TU+hJii3uRguoE
uE2BYjNlO4MD9QwJiCj/1YLR1vzrR/dW0hi/mTmv6S1uxPyfk5EkhJ7NDPX0eXVx
Hg5pKgpz/hthrTPIhApHyyMaXuCJcHlYW2k+FCWsbOGrZ02vqdKtNqpHufqGalJH
RAwBYiQWCaD4pAgLwHrBLrBiB8+IA+b+v/MHxlERsZk5SdSAMn+jaQeaQzZFXUMk
fA2a09nTt91wV1DkB0vmVCUAbq1p2Kp8D30WM5qRJSr9YdS1dbwWqxRtvbaW2cEV
59QatMdzAgMBAAEwDQYJKoZIhvcNAQELBQADggEBAJrUQhUOTJGKGp5CIhwqlbEF
T8ZAFjzNM5NWYJuOscfAkB+dKD7ZpWndCyMIr7lrgQF3OsSdy/6REt44YxwKcbp4
DnfNTuFtKjrDN73G6TYiNaZQgj7SnIgZIE8vzI8tAKg6yNiSIconhf7X7qpP1sFS
DTzM7ubo0opQuS6nuJnbF6/bT/KIQ0WMxQ0JUcm62GQOoTnCRt7sn5Ro1L2kjhlW
2uBZUZVBEUihGjZLPc72LzXVdRlLDQCOJHbiBLQsCnaGKyhEyf1AqOce+R5OZOME
3qY8Ty3mc8HmRJZ5IZzvBIWZWClyGFHKb4iPQWCFPcRkjqLp9eHKi4PTIJydZTs=
-----END CERTIFICATE-----
";
/// `P256` in PEM.
pub(super) const P256_PEM: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECumgpKQe0y48ffXJrn09W7vZ1IAl
jyvs6cIg4iejFjZzmg4l+LN6vzZmSP2NdOAL/kawqSbIAVg2JTMAxNlP0A==
-----END PUBLIC KEY-----
";
/// `ED25519` in PEM.
pub(super) const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEANxusZfeAJX1Qr1KlXVcXkRDHVQusWKS+Ei8Apfo8jdM=
-----END PUBLIC KEY-----
";
/// By `RSA`.
pub(super) const RS256: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.BHFGdoeF8nviPp8W_17yw9FGC_PIrBj9TqD9LkRZ76rSrIy90wujrgCjXfhbSdtDi-mITGh2nbRFc7Yw05udP7NiK07kYL0nU8YZWRstAXKR4WCGAAeTuGszfQVo3yh28xTr6oTdI0WvSd4rmKk3v8TT-8w4Awq_fJWDvnFPk0oJq7mnoiF8Af16g9dlTtUToneacGBKylrtVVMyZhJImLFMoUB1UrNxGbOzlW0RULXm189_V7zButd35SrYg06BfvI5eTJBBEj8tp010Gnd74no6evvn9CLS3GMQFbKvrKqDzC3yjbyRo43PxeplDqluvyWnWO1Ss4hL_GdJaHuAw";
/// By `RSA_OF_1024_BITS`.
pub(super) const RS256_OF_1024_BITS: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.IXJo8lpauWU5b1bLiFMD9syt_VIv_aWm4vohnySq-DZJ5SrtZA__dRndsn78VWVKIRynQHaejgZKhJW03XDOMZmvJ-9E0YXU6H-9PswLVmilRYBNDF9VOaBrXc1t2dgzyo5gFW36AdUitSATTdfNQVfCwFLVpraGYnRPZ8bG9mA";
/// By `RSA`, with a salt of 32 bytes.
pub(super) const PS256: &str = "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.uzouF2Rz7cYU_kj0i0k6Ca7p8T2GZ7Fvgrbb0INEM7Chc3vNJvpAVaDLIfWSPvDzYdbxfiuhHZTj7jWeUC9OMvljm7BzCMyJB4zyLeDXWEBf48dv22_iKmWGmWpi9ywlkbw5KKHOI4o8NsOKKKFXfaj0-7OTSCD_acdEzrvxy4jozaSKb5DBekeumaYd3WHXwFUqkooOIaVJ7-5CK6yutfNINARuaP13NXTlwtDZ3sJ_OTwe_Zj3_6teUum_-cHWLAZq1zTTJoPeKemGV6VhSYOh2I7vGAAZx4gMRJBHfaJ1ya-6Tg7_vBeVtjdybrFGlo4gBx2GiOvZ8SdC-P0vEg";
/// The same without salt.
pub(super) const PS256_NO_SALT: &str = "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.WUGbgYUF3JGROY5b2CWukR0bgiMMGsqspQCMTf4oqLMjiMl01MAi6kx4iiiCK_JUBSJSeZ3J6qKJyz-2He6Ak9TLIYVBViGg8vgYA3pEBX6th97meSH0X-_f8DPI5MZgICZoL3YORFvFHWhh2sQew8Il8xHDkvUkTyERNZ13kEYVW-vVtVGqiHoRyc6LVPxGH3xFILaTQrxPr_8qiCKJdKqVlSAf6LfoqS_XJtF8EE-850X7-PXg9fzjqaJaBHM5z2RPHuF1ICj7h6lkoXKh7oUsw7b0-nzYcgX0DdCvKcPZL34e6ee5Rrrm-MumSlhZ3C-gCBh3FW99aaTRFzZfNA";
/// The same with the longest salt.
pub(super) const PS256_LONG_SALT: &str = "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.0uWA2-5Cz1XJwwCXo3U4Ry_-5_1QtiIPw_jpVpTWn2o_ulp2Ny6sG-YW04KBTOUzv_rFnpB8Wc641rFp8pM25pwjYY_UK0x6uCjw4aL-ecTnxItZ0f6x8j2DJuRrNnCi46C5vA_glHPvtQV0matOpAUfNZ8iG78jvd6_5vcnhkENaIKH2p7iMnxVPysqGvYvVNM1frq01dLa1i0cHCSZpfpH5Bll7t9D2mpTk6rh7-gZiZkwcU-dYVAdxeis2WLkfvD8bKbi1J5Gg_PzcSRyA-z42kpK5YGgARreLNPFMfWuXffnUhp_1unavZXnnrdhiuuPX-6yFHmIeaHnC6aLfg";
/// By `P256`.
pub(super) const ES256: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.FnRXMh-Jkp5oA90BWGNwjGdpSYiCz-uQS1e2R20LhJF8UeQCiQ_sp1b7WIVrao_QYdRU_sSz5p0L07B6afrn4A";
/// The same, its signature in DER as X.509 writes it.
pub(super) const ES256_IN_DER: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.MEQCIBZ0VzIfiZKeaAPdAVhjcIxnaUmIgs_rkEtXtkdtC4SRAiB8UeQCiQ_sp1b7WIVrao_QYdRU_sSz5p0L07B6afrn4A";
/// The same with the other `s` that is right.
pub(super) const ES256_OTHER_S: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.FnRXMh-Jkp5oA90BWGNwjGdpSYiCz-uQS1e2R20LhJGDrhv8dvATWakEp3qUlXAvWxKlruJjt-fn5hpIkmg9cQ";
/// By `P384`, with SHA-256.
pub(super) const ES256_BY_P384: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.xTYUxf44FvUymvGedmvf_wYastVkLwu9otMKd_6ksXdvgmAxz3OxH0WNztKLnJM-FpalsqBuyNhZw0TOwKgXpEyVZOa0oEEY-H67G52Hh53f9q6ZN34vz01nyLLlZLIk";
/// By `P384`.
pub(super) const ES384: &str = "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.IuZ4ozZ5qZFEBXVBeDjpVeAJzry83hbsGGtFTHRC7awy3ZR3Xg4py2EDa0CGv2ZIGz5zgZqp0Hff7DAs1V_8gG1bjN3FGQNIoWyrgopb4lXwDmB7rfU2mUB1NjuvGAVY";
/// By `P521`.
pub(super) const ES512: &str = "eyJhbGciOiJFUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.ARfMK4DldRuE1zXqN1OyMxExBxvFeMzKiWYZ3yHpUcGB833iEvxq_6BnBOZhInGtfJFScwYRX7gtpPLqA4nA4kBVASSDs7YswFmV5ekFsfrVQi7eLIEY4eSAWckVoW5TpPj-lb14Ukt7M3C4obydyOApj8wc2EsM3aNyKDoHeB4S4M_o";
/// By `ED25519`.
pub(super) const EDDSA: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.cdw_mWQbLSUiPXJZs4RVwpK8KTix558pAsLqR0VR6dRxfVPzKqJf99X_RTiPC3n2_sUR-i0D2JhFDSyIys2QCw";
/// What verifies under the modulus of `RSA` and the exponent 1, and is signed by nobody.
pub(super) const RS256_UNSIGNED: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhbm4ifQ.AAH_____________________________________________________________________________________________________________________________________________________________________________________________________________________________________________________________________________ADAxMA0GCWCGSAFlAwQCAQUABCCcqHS9YYjI3fnLzmcfkBMpUXeaw8JE8aZn8Qqob_l9NQ";
