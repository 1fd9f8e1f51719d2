//! TLS by the functions' own clients: through a proxy's tunnel, and whom they do not believe.

use harness::Proxy;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use shared::wechat::errcode::Action;
use shared::wechat::{self, Failure, WeChat, token};
use shared::{Clock, Config, store};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const AUTHORIZATION: &str = "Basic dGVhbTpzM2NyZXQ=";

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 39\r\n\r\n{\"access_token\":\"t\",\"expires_in\":7200}\n";

/// A WeChat that shows a certificate of its own making.
struct Server {
    base: String,
    roots: RootCertStore,
    requests: Arc<AtomicUsize>,
}

async fn server() -> Server {
    const OWN: &[u8] = include_bytes!("localhost.pem");
    let certificate = CertificateDer::from_pem_slice(OWN).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(OWN).expect("a key");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a root");
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls = tls.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    let tls = TlsAcceptor::from(Arc::new(tls.with_single_cert(vec![certificate], key).expect("a key")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let base = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not believe the certificate hangs up.
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            if stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                count.fetch_add(1, Ordering::Relaxed);
                stream.write_all(ANSWER).await.expect("a client that reads");
            }
        }
    });
    Server { base, roots, requests }
}

impl Server {
    /// What a call for a token comes to, by way of a proxy at this URL.
    async fn call(&self, roots: RootCertStore, proxy: &str) -> Result<i64, Failure> {
        let proxy = wechat::Proxy::parse(proxy);
        let wechat = WeChat::believing(roots, &self.base, proxy.as_ref(), Clock::default());
        let request = token::classic("wx1", &"AppSecret".to_owned().into());
        wechat.call(&request).await.map(|issued| issued.expires_in)
    }
}

#[tokio::test]
async fn a_tunnel_hides_from_the_proxy_what_is_said_in_it() {
    let (server, proxy) = (server().await, Proxy::start(Some(AUTHORIZATION)).await);
    let url = format!("http://team:s3cret@{}", proxy.at);
    assert_eq!(server.call(server.roots.clone(), &url).await.expect("a token"), 7200);
    assert_eq!(proxy.seen(), [server.base.trim_start_matches("https://")]);
}

#[tokio::test]
async fn where_no_tunnel_opens_nothing_was_sent_and_the_remedy_is_named() {
    let (server, proxy) = (server().await, Proxy::start(Some(AUTHORIZATION)).await);
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a socket").local_addr().expect("an address");
    let known = format!("http://team:s3cret@{}", proxy.at);
    for (url, refusal, cause) in [
        (format!("http://team:wrong@{}", proxy.at), None, "proxy authorization required"),
        (format!("http://{}", proxy.at), None, "proxy authorization required"),
        (known.clone(), Some(403), "unsuccessful"),
        (known, Some(502), "unsuccessful"),
        (format!("http://team:s3cret@{closed}"), None, "refused"),
    ] {
        proxy.refuse(refusal);
        let failure = server.call(server.roots.clone(), &url).await.expect_err("no way");
        assert_eq!(failure.action(), Action::Retry, "{url}: it was not sent: {failure}");
        let told = format!("{failure} {} {}", failure.causes().unwrap_or_default(), failure.remedy());
        assert!(told.contains(cause) && told.contains("EgressProxy"), "{url}: {told}");
        for secret in ["s3cret", "wrong", "team", "AppSecret", "wx1"] {
            assert!(!told.contains(secret), "{url}: {told}");
        }
    }
    assert_eq!(server.requests.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_wechat_and_an_aws_of_an_unknown_authority_are_told_nothing() {
    let server = server().await;
    let failure = server.call(shared::https::roots(), "none").await.expect_err("a stranger");
    assert!(failure.causes().is_some_and(|causes| causes.contains("UnknownIssuer")), "{failure:?}");
    assert_eq!(failure.action(), Action::Retry);
    let variables = [
        ("AWS_REGION", "cn-north-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &server.base),
        ("KEYS_TABLE", "keys"),
    ];
    let config = Config::of(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let keys = store::Keys::new(&config, store::client(&config).expect("a client")).expect("a table");
    let error = keys.all().await.map(drop).expect_err("a stranger");
    assert!(error.causes().is_some_and(|causes| causes.contains("UnknownIssuer")), "{error:?}");
    assert_eq!(server.requests.load(Ordering::Relaxed), 0);
}
