//! What AWS asks, as docs/cost.md says from where and of when. What no source was found for is not known.

/// A region's prices without its free tier: of a million, but for a GB of log.
pub struct Prices {
    /// AWS's name of it.
    pub region: &'static str,
    /// What the prices are in.
    pub currency: &'static str,
    /// HTTP API, up to 512 KB.
    pub http_request: Option<f64>,
    /// Lambda, each.
    pub invocation: Option<f64>,
    /// Lambda, on arm64.
    pub gb_second: Option<f64>,
    /// SQS.
    pub queue_request: Option<f64>,
    /// DynamoDB on demand.
    pub read_unit: Option<f64>,
    /// DynamoDB on demand.
    pub write_unit: Option<f64>,
    /// CloudWatch.
    pub log_gb: Option<f64>,
}

/// Those of the regions that docs/cost.md has.
pub const PRICES: [Prices; 2] = [
    Prices {
        region: "us-east-1",
        currency: "$",
        http_request: Some(1.0),
        invocation: Some(0.2),
        gb_second: Some(13.3334),
        queue_request: Some(0.4),
        read_unit: Some(0.125),
        write_unit: Some(0.625),
        log_gb: Some(0.5),
    },
    Prices {
        region: "ap-southeast-1",
        currency: "$",
        http_request: None,
        invocation: Some(0.2),
        gb_second: Some(13.3334),
        queue_request: None,
        read_unit: None,
        write_unit: None,
        log_gb: Some(0.7),
    },
];
