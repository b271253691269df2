"""Weaknesses: what a hostile peer gains from a server, with the numbers by which security teams know it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CWE_TITLES = {
    20: "Improper Input Validation",
    22: "Path Traversal",
    79: "Cross-site Scripting",
    113: "HTTP Request/Response Splitting",
    150: "Improper Neutralization of Escape, Meta, or Control Sequences",
    190: "Integer Overflow or Wraparound",
    200: "Exposure of Sensitive Information to an Unauthorized Actor",
    209: "Generation of Error Message Containing Sensitive Information",
    248: "Uncaught Exception",
    294: "Authentication Bypass by Capture-replay",
    306: "Missing Authentication for Critical Function",
    319: "Cleartext Transmission of Sensitive Information",
    340: "Generation of Predictable Numbers or Identifiers",
    400: "Uncontrolled Resource Consumption",
    404: "Improper Resource Shutdown or Release",
    407: "Inefficient Algorithmic Complexity",
    409: "Improper Handling of Highly Compressed Data",
    444: "HTTP Request/Response Smuggling",
    488: "Exposure of Data Element to Wrong Session",
    497: "Exposure of Sensitive System Information to an Unauthorized Control Sphere",
    598: "Use of GET Request Method With Sensitive Query Strings",
    613: "Insufficient Session Expiration",
    639: "Authorization Bypass Through User-Controlled Key",
    770: "Allocation of Resources Without Limits or Throttling",
    772: "Missing Release of Resource after Effective Lifetime",
    789: "Memory Allocation with Excessive Size Value",
    918: "Server-Side Request Forgery",
    1321: "Prototype Pollution",
    1333: "Inefficient Regular Expression Complexity",
    1385: "Missing Origin Validation in WebSockets",
}
"""Titles of MITRE's Common Weakness Enumeration, by number."""


class Severity(StrEnum):
    """How bad a weakness is, in the words of CVSS.

    A weakness of low severity is good practice that is missing: it is reported and fails no run by itself.
    """

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def score(self) -> float:
        """Returns a number of the CVSS range that the word stands for; code scanning sorts by it."""
        return {"critical": 9.5, "high": 7.5, "medium": 5.5, "low": 2.5}[self.value]


@dataclass(frozen=True)
class Weakness:
    """What a case looks for; ``gain`` says in one sentence what an attacker gains from it.

    ``cve`` are published examples, ``asvs`` the requirement of OWASP ASVS 5.0, ``wstg`` the test of OWASP's
    Web Security Testing Guide.
    """

    cwe: int
    gain: str
    severity: Severity = Severity.HIGH
    cve: tuple[str, ...] = ()
    asvs: str = ""
    wstg: str = ""

    @property
    def title(self) -> str:
        """Returns the weakness's name in MITRE's words."""
        return CWE_TITLES[self.cwe]

    @property
    def url(self) -> str:
        """Returns the address of MITRE's page on it."""
        return f"https://cwe.mitre.org/data/definitions/{self.cwe}.html"

    def __str__(self) -> str:
        return f"CWE-{self.cwe}, {self.severity}: {self.gain}"
