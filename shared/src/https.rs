//! HTTPS as the functions speak it, to AWS and to WeChat: one set of roots, which are built in. To parse the machine's own,
//! 144 of them for each client, was most of a cold start.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use reqwest::{Body, Client, ClientBuilder};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// AWS is near; what takes longer is tried anew.
const AWS_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// DynamoDB and SQS keep a connection for about a minute; one that a NAT has dropped says nothing.
const AWS_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Everybody whom Mozilla believes: Amazon and who else certifies AWS's endpoints, those in China, too; and WeChat.
pub fn roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// A client that believes these roots, goes by no proxy of the environment's, and follows nobody elsewhere.
pub fn client(roots: RootCertStore) -> ClientBuilder {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls = tls.with_safe_default_protocol_versions().expect("ring knows both versions of TLS");
    let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Client::builder().tls_backend_preconfigured(tls).no_proxy().redirect(reqwest::redirect::Policy::none())
}

/// The client that all clients of the AWS SDK in a process are to share. The SDK's own takes its roots as PEM alone, and brings
/// HTTP/2, which nobody here speaks: together a fifth of a bootstrap.
pub fn aws_client() -> SharedHttpClient {
    let http = client(roots())
        .connect_timeout(AWS_CONNECT_TIMEOUT)
        .pool_idle_timeout(AWS_IDLE_TIMEOUT)
        .build()
        .expect("TLS is of the rustls it knows");
    let connector = SharedHttpConnector::new(Aws(http));
    http_client_fn(move |_, _| connector.clone())
}

/// Makes the SDK's calls. How long one may take, and whether it is made again, is the SDK's to say.
#[derive(Debug)]
struct Aws(Client);

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(Body::wrap).try_into().map_err(failed)?;
            let mut response = http.execute(request).await.map_err(failed)?;
            let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
            let mut answer = http::Response::new(response.bytes().await.map_err(failed)?.into());
            (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A time-out and a connection that fails or dies are tried again.
fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amazon's, as <https://www.amazontrust.com/repository> asks for; DigiCert's, who certifies `amazonaws.com.cn`, too, and
    /// `api.weixin.qq.com`.
    #[test]
    fn those_who_certify_aws_and_wechat_are_believed() {
        let roots = roots().roots;
        for name in [
            "Amazon Root CA 1",
            "Amazon Root CA 2",
            "Amazon Root CA 3",
            "Amazon Root CA 4",
            "Starfield Services Root Certificate Authority - G2",
            "DigiCert Global Root G2",
        ] {
            let is_it = |subject: &[u8]| subject.ends_with(name.as_bytes());
            assert!(roots.iter().any(|root| is_it(&root.subject)), "{name}");
        }
    }
}
