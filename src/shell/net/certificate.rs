//! Who is asked whether a certificate is good, and what is told when it is not.
//!
//! The platform decides: its roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. What is added here is words: a
//! refusal names the rule that was broken and the issuer, because in a company's network the issuer is the answer.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use crate::http::{CertificateFault, Refused};
use crate::trust;

/// Longer names are not names.
const NAME_WIDTH: usize = 60;

pub fn config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let examiner = Examiner { judge: OnceLock::new(), provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(examiner))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The platform's verifier, or why there is none: a machine without roots can still list accounts and use the sandbox.
fn judge(provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    let verifier = Verifier::new_with_extra_roots(named_roots(), Arc::clone(provider));
    verifier.map_err(|_| match super::survey::named_places().as_slice() {
        [] => "the system has no certificates of authorities".to_owned(),
        places => format!("no certificate could be read from {}", places.join(" and ")),
    })
}

/// What the variables name, where the platform's verifier does not read them itself.
#[cfg(any(windows, target_vendor = "apple"))]
fn named_roots() -> Vec<CertificateDer<'static>> {
    match super::survey::named_places().is_empty() {
        true => Vec::new(),
        false => rustls_native_certs::load_native_certs().certs,
    }
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn named_roots() -> Vec<CertificateDer<'static>> {
    Vec::new()
}

/// A refusal on its way through the TLS library.
#[derive(Debug)]
struct Refusal(Refused);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate refused: {:?}", self.0.fault)
    }
}

impl Error for Refusal {}

impl From<Refused> for rustls::Error {
    fn from(refused: Refused) -> Self {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Refusal(refused)))))
    }
}

/// The refusal in the error of a connection.
pub fn refused(cause: &(dyn Error + 'static)) -> Option<Refused> {
    let rustls::Error::InvalidCertificate(error) = cause.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    let ours = match error {
        CertificateError::Other(OtherError(other)) => other.downcast_ref::<Refusal>().map(|refusal| refusal.0.clone()),
        _ => None,
    };
    // What the handshake itself finds wrong is not asked of us.
    Some(ours.unwrap_or_else(|| Refused { fault: fault_of(error), issuer: None }))
}

/// Asks the platform for everything.
#[derive(Debug)]
struct Examiner {
    /// Found when it is first asked: reading the system's roots takes longer than listing accounts.
    judge: OnceLock<Result<Verifier, String>>,
    provider: Arc<CryptoProvider>,
}

impl Examiner {
    fn found(&self) -> Result<&Verifier, &String> {
        self.judge.get_or_init(|| judge(&self.provider)).as_ref()
    }

    fn judge(&self) -> Result<&Verifier, rustls::Error> {
        self.found()
            .map_err(|why| Refused { fault: CertificateFault::NothingTrusted(why.clone()), issuer: None }.into())
    }
}

impl ServerCertVerifier for Examiner {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge()?
            .verify_server_cert(certificate, intermediates, name, ocsp_response, now)
            .map_err(|error| Refused { fault: fault(&error), issuer: issuer(certificate) }.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge()?.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge()?.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match self.found() {
            Ok(judge) => judge.supported_verify_schemes(),
            Err(_) => self.provider.signature_verification_algorithms.supported_schemes(),
        }
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.found().is_ok_and(|judge| judge.requires_raw_public_keys())
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.found().ok()?.root_hint_subjects()
    }
}

fn fault(error: &rustls::Error) -> CertificateFault {
    match error {
        rustls::Error::InvalidCertificate(error) => fault_of(error),
        error => CertificateFault::Other(trust::clean(&error.to_string(), 200)),
    }
}

fn fault_of(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        CertificateError::NotValidForName => CertificateFault::WrongName(String::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            CertificateFault::WrongName(trust::clean(&presented_names(presented), 200))
        }
        other => CertificateFault::Other(trust::clean(&format!("{other}"), 200)),
    }
}

/// `DnsName("a.dev")` is how the names of a certificate are handed over.
fn presented_names(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// What the issuer calls itself: a certificate that cannot be read has none.
fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = CertificateInner::<Raw>::from_der(certificate).ok()?;
    let issuer = certificate.tbs_certificate().issuer();
    let common = issuer.common_name().ok().flatten().map(|name| name.value().into_owned());
    let name = common.or_else(|| issuer.organization().ok().flatten().map(|name| name.value().into_owned()));
    let shown = trust::clean(&name.unwrap_or_else(|| issuer.to_string()), NAME_WIDTH);
    (!shown.is_empty()).then_some(shown)
}
