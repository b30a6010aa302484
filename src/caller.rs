//! A caller of the stack: URLs, tokens, credentials. The same on AWS, at a custom endpoint, and on the local AWS in this process.
//!
//! It contains requests and responses; which of them a stack should admit is in `verify`.

mod credentials;
mod endpoint;
mod refusal;
mod token;
mod transport;
mod view;

pub use credentials::{Credentials, client_secrets, credentials};
pub use endpoint::at_endpoint;
pub use refusal::{Refusal, error_type};
pub use token::{Token, TokenError, token, token_of_pool};
pub(crate) use transport::in_full;
pub use transport::{InProcess, Transport, TransportError};
pub use view::{API_KEY_HEADER, ClientView, Known, NoSuchCaller, NoSuchScope};
