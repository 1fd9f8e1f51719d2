//! How SQS says no: in its JSON protocol, with the code of its older query protocol beside it.

/// The namespace of SQS's own errors, and of those that every AWS service has.
const SQS: &str = "com.amazonaws.sqs";
const CORAL: &str = "com.amazon.coral.service";

/// Why an action was not carried out, by the API Reference's names.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two entries of a batch have one id.
    #[error("Two or more batch entries in the request have the same Id.")]
    BatchEntryIdsNotDistinct,
    /// The messages of a batch are too long together.
    #[error("Batch requests cannot be longer than 1048576 bytes.")]
    BatchRequestTooLong,
    /// A batch without an entry.
    #[error("The batch request doesn't contain any entries.")]
    EmptyBatchRequest,
    /// An attribute that no queue has.
    #[error("Unknown Attribute.")]
    InvalidAttributeName,
    /// A value that this attribute of a queue cannot have.
    #[error("Invalid value for the parameter {0}.")]
    InvalidAttributeValue(&'static str),
    /// A batch entry's id that is too long or has other characters.
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
         It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    /// A character that XML 1.0 does not know.
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    /// A parameter with a value that it cannot have.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// The visibility of a message that nobody holds.
    #[error("The specified message isn't in flight.")]
    MessageNotInflight,
    /// A parameter that must be there and is not, or is empty.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// Too many messages in flight.
    #[error("Too many messages are in flight: at most 120000 of one queue can be.")]
    OverLimit,
    /// A purge too soon after the one before.
    #[error("Only one PurgeQueue operation on a queue is allowed every 60 seconds.")]
    PurgeQueueInProgress,
    /// A name whose queue has just been deleted.
    #[error(
        "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    )]
    QueueDeletedRecently,
    /// No such queue.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    /// A queue to be created is there, with other attributes.
    #[error("A queue already exists with the same name and a different value for attribute {0}.")]
    QueueNameExists(&'static str),
    /// What is no receipt handle of this queue's.
    #[error("The input receipt handle is invalid.")]
    ReceiptHandleIsInvalid,
    /// A move task of a queue that is not there.
    #[error("The resource that you specified for the {0} parameter doesn't exist.")]
    ResourceNotFound(&'static str),
    /// A body that is not the action's JSON; where it stops being it.
    #[error("The request isn't this action's JSON (line {line}, column {column}).")]
    Serialization {
        /// From 1.
        line: usize,
        /// From 1; 0 when the line is right and something is missing after it.
        column: usize,
    },
    /// The database failed.
    #[error("The queues' database failed: {0}")]
    Store(#[from] rusqlite::Error),
    /// A batch with more than ten entries.
    #[error("Maximum number of entries per request are 10.")]
    TooManyEntriesInBatchRequest,
    /// No action of this name is carried out here.
    #[error("The requested operation is not known here.")]
    UnknownOperation,
    /// What SQS does and this one does not.
    #[error("{0}")]
    UnsupportedOperation(&'static str),
}

impl Error {
    /// An invalid value of a parameter.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidParameterValue(reason.into())
    }

    /// Whether another request would have been carried out.
    pub fn is_senders(&self) -> bool {
        !matches!(self, Self::Store(_))
    }

    /// The JSON protocol's name of this error, with its namespace: `com.amazonaws.sqs#QueueDoesNotExist`.
    pub fn shape(&self) -> String {
        let (namespace, shape, _) = self.names();
        format!("{namespace}#{shape}")
    }

    /// The query protocol's code, which SDKs go by: `AWS.SimpleQueueService.NonExistentQueue`.
    pub fn code(&self) -> &'static str {
        self.names().2
    }

    /// Namespace, shape and code, by SQS's public API model; what that does not name, AWS's framework does.
    fn names(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::BatchEntryIdsNotDistinct => {
                (SQS, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
            }
            Self::BatchRequestTooLong => {
                (SQS, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong")
            }
            Self::EmptyBatchRequest => (SQS, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            Self::InvalidAttributeName => (SQS, "InvalidAttributeName", "InvalidAttributeName"),
            Self::InvalidAttributeValue(_) => (SQS, "InvalidAttributeValue", "InvalidAttributeValue"),
            Self::InvalidBatchEntryId => {
                (SQS, "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId")
            }
            Self::InvalidMessageContents => (SQS, "InvalidMessageContents", "InvalidMessageContents"),
            Self::MessageNotInflight => {
                (SQS, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight")
            }
            Self::OverLimit => (SQS, "OverLimit", "OverLimit"),
            Self::PurgeQueueInProgress => {
                (SQS, "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress")
            }
            Self::QueueDeletedRecently => {
                (SQS, "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently")
            }
            Self::QueueDoesNotExist => (SQS, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            Self::QueueNameExists(_) => (SQS, "QueueNameExists", "QueueAlreadyExists"),
            Self::ReceiptHandleIsInvalid => (SQS, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            Self::ResourceNotFound(_) => (SQS, "ResourceNotFoundException", "ResourceNotFoundException"),
            Self::TooManyEntriesInBatchRequest => {
                (SQS, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
            }
            Self::UnsupportedOperation(_) => {
                (SQS, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation")
            }
            Self::InvalidParameterValue(_) => {
                (CORAL, "InvalidParameterValueException", "InvalidParameterValue")
            }
            Self::MissingParameter(_) => (CORAL, "MissingRequiredParameterException", "MissingParameter"),
            Self::Serialization { .. } => (CORAL, "SerializationException", "MalformedInput"),
            Self::Store(_) => (CORAL, "InternalFailure", "InternalFailure"),
            Self::UnknownOperation => (CORAL, "UnknownOperationException", "InvalidAction"),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Serialization { line: error.line(), column: error.column() }
    }
}
