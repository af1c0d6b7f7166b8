"""What a common scanner, sslscan, finds of TLS that is weak: nothing. testssl.sh finds no more than that, but takes minutes."""

import subprocess
import tempfile
import xml.etree.ElementTree

from harness import DEADLINE, expect, expect_equal, main, note, test
from server import TlsServer
from wire import make_certificate

KEYS = {"EC": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "RSA": ("rsa:2048",)}  # of the certificate
# RFC 9325 4.2: a fresh key for each connection, and ciphers that authenticate what they encrypt.
GOOD_1_2 = {f"ECDHE-{kind}-{cipher}" for kind in ("ECDSA", "RSA")
            for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")}
GOOD_1_3 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
GOOD_GROUPS = {"x25519", "secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)"}


def scan(*flags, key="EC"):
    """What sslscan reports of a server that was started so."""
    with tempfile.TemporaryDirectory() as folder:
        pair = make_certificate(folder, "scanned", KEYS[key])
        with TlsServer(*flags, pair=pair, log_level="error") as server:
            done = subprocess.run(["sslscan", "--xml=-", "--no-colour", f"127.0.0.1:{server.port}"], capture_output=True,
                                  text=True, timeout=3 * DEADLINE, check=True)
            return xml.etree.ElementTree.fromstring(done.stdout).find("ssltest")


def versions(report):
    return {protocol.get("version") for protocol in report.findall("protocol")
            if protocol.get("enabled") == "1" and protocol.get("type") in ("ssl", "tls")}


def ciphers(report, version):
    return {cipher.get("cipher") for cipher in report.findall("cipher") if cipher.get("sslversion") == f"TLSv{version}"}


def expect_strong(report):
    found = {version: ciphers(report, version) for version in ("1.2", "1.3")}
    note(f"versions {sorted(versions(report))}, ciphers {found}")
    expect_equal(len(report.findall("cipher")), sum(map(len, found.values())), "ciphers of other versions than these")
    expect(found["1.3"] and found["1.3"] <= GOOD_1_3, f"ciphers of TLS 1.3: {found['1.3']}")
    expect(found["1.2"] <= GOOD_1_2, f"ciphers of TLS 1.2: {found['1.2']}")
    groups = {group.get("name") for group in report.findall("group")}
    expect(groups and groups <= GOOD_GROUPS, f"key exchange in the groups {groups}")
    expect(all(int(group.get("bits")) >= 128 for group in report.findall("group")), "a group is weak")
    renegotiation = report.find("renegotiation")
    expect_equal(renegotiation.get("supported"), "0", "whether keys are negotiated anew")
    vulnerable = [each.get("sslversion") for each in report.findall("heartbleed") if each.get("vulnerable") != "0"]
    expect_equal(vulnerable, [], "what bleeds")
    weak = [cipher.get("cipher") for cipher in report.findall("cipher") if int(cipher.get("bits")) < 128]
    expect_equal(weak, [], "weak ciphers")


@test
def a_scanner_finds_no_weak_protocol_cipher_or_key_exchange():
    for key in KEYS:
        report = scan(key=key)
        expect_equal(versions(report), {"1.2", "1.3"}, "the versions")
        expect(len(ciphers(report, "1.2")) == 3, f"of {key}: {ciphers(report, '1.2')}")
        expect_strong(report)


@test
def with_tls_min_1_3_it_finds_nothing_else():
    report = scan("--tls-min", "1.3")
    expect_equal(versions(report), {"1.3"}, "the versions")
    expect_equal(ciphers(report, "1.2"), set(), "ciphers of TLS 1.2")
    expect_strong(report)


main()
