//! Which addresses may be connected to.
//!
//! A name says nothing about where it leads: whoever owns it points it wherever they like. So what counts is the address, and
//! an address inside an address (IPv4-mapped, NAT64, 6to4 …) is judged by the inner one.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far requests may go; `--resolve-private` widens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// To what everybody can reach.
    #[default]
    Public,
    /// Into private networks, too.
    Private,
}

/// What an address is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Realm {
    Public,
    /// A network behind a router: RFC 1918, RFC 6598 (shared by a provider's customers), unique local and site-local IPv6.
    Private,
    /// This very machine. Only a name that says so may lead here.
    Here,
    /// One cable, with nobody's names on it.
    LinkLocal,
    /// Where clouds hand credentials to whatever runs on a machine of theirs.
    Metadata,
    /// Nobody's: multicast, unspecified, documentation, benchmarks, reserved.
    Reserved,
}

/// An address that is not connected to, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    pub address: IpAddr,
    pub realm: Realm,
}

impl Reach {
    /// May this address be connected to, under a name that is not this machine's own?
    pub fn allows(self, address: IpAddr) -> Result<(), Forbidden> {
        match (self, realm(address)) {
            (_, Realm::Public) | (Reach::Private, Realm::Private) => Ok(()),
            (_, realm) => Err(Forbidden { address, realm }),
        }
    }
}

impl Forbidden {
    pub fn hint(&self) -> &'static str {
        match self.realm {
            Realm::Private => "If that network is your own and you trust the service, add --resolve-private.",
            Realm::Here => "A service on this machine is named by localhost or its loopback address.",
            _ => "Ask the service to publish a public https address.",
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let realm = match self.realm {
            Realm::Public => "public",
            Realm::Private => "inside a private network",
            Realm::Here => "this very machine",
            Realm::LinkLocal => "link-local",
            Realm::Metadata => "a cloud's metadata service",
            Realm::Reserved => "reserved, nobody's",
        };
        write!(f, "{} is {realm}", self.address)
    }
}

impl Error for Forbidden {}

pub fn realm(address: IpAddr) -> Realm {
    match address {
        IpAddr::V4(ip) => realm_of_4(ip),
        IpAddr::V6(ip) => match inner(ip) {
            Some(inner) => realm_of_4(inner),
            None => realm_of_6(ip),
        },
    }
}

/// The registry of special addresses (RFC 6890, as kept by IANA), and what clouds have put elsewhere.
fn realm_of_4(ip: Ipv4Addr) -> Realm {
    match ip.octets() {
        // Alibaba's is in the shared range, Azure's is in a public one.
        [100, 100, 100, 200] | [168, 63, 129, 16] => Realm::Metadata,
        [169, 254, 169, 254] | [169, 254, 170, 2 | 23] => Realm::Metadata,
        [169, 254, ..] => Realm::LinkLocal,
        [127, ..] => Realm::Here,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Realm::Private,
        [0, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => Realm::Reserved,
        [198, 51, 100, _] | [203, 0, 113, _] | [224..=255, ..] => Realm::Reserved,
        _ => Realm::Public,
    }
}

/// Public is what has been given out, `2000::/3`, without what is special in it.
fn realm_of_6(ip: Ipv6Addr) -> Realm {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Realm::Here,
        // Amazon's and Google's.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23 | 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => Realm::Metadata,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Realm::Private,
        [0xfe80..=0xfebf, ..] => Realm::LinkLocal,
        // Protocols (Teredo, benchmarks, identifiers that are no places), documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Realm::Reserved,
        [0x2000..=0x3fff, ..] => Realm::Public,
        _ => Realm::Reserved,
    }
}

/// The IPv4 address that an IPv6 address stands for.
fn inner(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let both = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match ip.segments() {
        // Unspecified and loopback look like IPv4-compatible addresses and are none.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Compatible, mapped (RFC 4291), translated (RFC 2765).
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        // NAT64 (RFC 6052); a network's own prefix of it (RFC 8215) stays reserved.
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // 6to4 (RFC 3056).
        | [0x2002, high, low, ..] => Some(both(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &[(Realm, &[&str])] = &[
        (
            Realm::Public,
            &[
                "8.8.8.8",
                "100.63.255.255",
                "100.128.0.0",
                "172.15.0.1",
                "172.32.0.1",
                "198.17.0.1",
                "198.20.0.1",
                "223.255.255.255",
                "2606:4700::1111",
                "2001:200::1",
                "::ffff:8.8.8.8",
                "64:ff9b::8.8.8.8",
                "2002:808:808::1",
            ],
        ),
        (
            Realm::Private,
            &[
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.0.1",
                "100.64.0.1",
                "100.127.255.255",
                "fc00::1",
                "fdff::1",
                "fec0::1",
                "::ffff:10.0.0.1",
                "::10.0.0.1",
                "::ffff:0:192.168.1.1",
                "64:ff9b::10.0.0.1",
                "2002:a00:1::1",
                "2002:c0a8:101::1",
            ],
        ),
        (
            Realm::Here,
            &["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::"],
        ),
        (Realm::LinkLocal, &["169.254.0.1", "fe80::1", "febf::1", "::ffff:169.254.1.1"]),
        (
            Realm::Metadata,
            &[
                "169.254.169.254",
                "169.254.170.2",
                "100.100.100.200",
                "168.63.129.16",
                "fd00:ec2::254",
                "fd20:ce::254",
                "::ffff:169.254.169.254",
                "2002:a9fe:a9fe::",
                "64:ff9b::a9fe:a9fe",
            ],
        ),
        (
            Realm::Reserved,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "192.0.0.1",
                "192.0.2.1",
                "198.18.0.1",
                "198.19.255.255",
                "198.51.100.7",
                "203.0.113.7",
                "192.88.99.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "ff02::1",
                "2001:db8::1",
                "3fff::1",
                "2001::1",
                "2001:2::1",
                "100::1",
                "64:ff9b:1::1",
                "5f00::1",
                "4000::1",
                "::ffff:224.0.0.1",
            ],
        ),
    ];

    #[test]
    fn every_address_is_of_one_realm() {
        for (expected, addresses) in CASES {
            for text in *addresses {
                assert_eq!(realm(text.parse().expect(text)), *expected, "{text}");
            }
        }
    }

    #[test]
    fn what_is_asked_for_opens_private_networks_and_nothing_else() {
        for (of, addresses) in CASES {
            for address in addresses.iter().map(|text| text.parse::<IpAddr>().expect(text)) {
                assert_eq!(Reach::Public.allows(address).is_ok(), *of == Realm::Public, "{address}");
                let wider = matches!(of, Realm::Public | Realm::Private);
                assert_eq!(Reach::Private.allows(address).is_ok(), wider, "{address}");
            }
        }
    }
}
