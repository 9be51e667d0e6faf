//! Certificate authorities that live as long as a test, and what they sign.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// When a certificate is good.
#[derive(Clone, Copy)]
pub enum Validity {
    Now,
    LongAgo,
    Someday,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signed").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes the certificate that has to be trusted, and returns its place.
    pub fn write(&self, folder: &Path) -> String {
        let path = folder.join("authority.pem");
        std::fs::write(&path, &self.pem).expect("written");
        path.display().to_string()
    }

    /// What a server of that name presents.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.server_of(name, Validity::Now)
    }

    pub fn server_of(&self, name: &str, validity: Validity) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let year = |year| rcgen::date_time_ymd(year, 1, 1);
        match validity {
            Validity::Now => {}
            Validity::LongAgo => (params.not_before, params.not_after) = (year(2001), year(2002)),
            Validity::Someday => (params.not_before, params.not_after) = (year(3001), year(3002)),
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a certificate and its key");
        Arc::new(config)
    }
}
