//! Names become addresses, and only those within reach come back: what is connected to is what was judged.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::trust::{Forbidden, Reach};

/// For names of this machine: nobody has to be asked, and nobody can say otherwise.
pub struct Here;

impl Resolve for Here {
    fn resolve(&self, _name: Name) -> Resolving {
        let here: Addrs = Box::new(
            [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))].into_iter(),
        );
        Box::pin(std::future::ready(Ok(here)))
    }
}

/// For all others: the system is asked. Where a name has both kinds of addresses, those out of reach are left out.
pub struct Within(pub Reach);

impl Resolve for Within {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = select(&found, reach)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn select(found: &[SocketAddr], reach: Reach) -> Result<Vec<SocketAddr>, Forbidden> {
    let (mut allowed, mut forbidden) = (Vec::new(), None);
    for address in found {
        match reach.allows(address.ip()) {
            Ok(()) => allowed.push(*address),
            Err(why) => forbidden = forbidden.or(Some(why)),
        }
    }
    match forbidden {
        Some(why) if allowed.is_empty() => Err(why),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Realm;

    #[test]
    fn of_a_names_addresses_those_within_reach_are_left() {
        let at = |text: &str| format!("{text}:0").parse::<SocketAddr>().expect(text);
        let mixed = [at("10.0.0.1"), at("8.8.8.8"), at("127.0.0.1")];
        assert_eq!(select(&mixed, Reach::Public), Ok(vec![at("8.8.8.8")]));
        assert_eq!(select(&mixed, Reach::Private), Ok(vec![at("10.0.0.1"), at("8.8.8.8")]));
        assert!(select(&[at("127.0.0.1"), at("[::1]")], Reach::Private).is_err());
        assert_eq!(select(&[], Reach::Public), Ok(vec![]));
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_leads_nowhere() {
        // The system resolves it without a network; to this resolver it is a name like any other.
        let found = Within(Reach::Private).resolve("localhost".parse().expect("a name")).await.err().expect("refused");
        assert_eq!(found.downcast_ref().map(|forbidden: &Forbidden| forbidden.realm), Some(Realm::Here));
    }
}
