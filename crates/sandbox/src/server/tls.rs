//! A certificate authority of the moment and a certificate for localhost, for clients that refuse plain HTTP.

use std::path::Path;
use std::sync::Arc;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// Why TLS could not be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The certificate could not be made.
    #[error("the certificate for localhost could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate was refused by the TLS library.
    #[error("the certificate for localhost could not be used: {0}")]
    Use(#[from] rustls::Error),
    /// The authority could not be written.
    #[error("ca.pem could not be written to the folder given for it: {0}")]
    Write(#[from] std::io::Error),
}

/// Makes authority and certificate, and writes the authority for clients to trust.
pub(super) async fn acceptor(tls_dir: &Path) -> Result<TlsAcceptor, TlsError> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
        .distinguished_name
        .push(DnType::CommonName, "Sandbox authority - not Microsoft");
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate()?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    // Strict clients want to see which authority key signed.
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer)?;

    tokio::fs::create_dir_all(tls_dir).await?;
    tokio::fs::write(tls_dir.join("ca.pem"), authority_certificate.pem()).await?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
