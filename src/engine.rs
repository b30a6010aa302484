//! What the commands do, without a command line and without a terminal: open, read, change, verify and call a stack. Its callers
//! pass plain options, a listener for notices, and callbacks for questions.

mod call;
mod connect;
mod duplicates;
pub(crate) mod environment;
pub(crate) mod existing;
pub(crate) mod files;
mod function_code;
mod function_environments;
mod given_keys;
mod given_values;
pub mod init;
mod invocation;
mod listener;
mod lock;
mod logs;
mod reload;
mod rollback;
mod run;
mod runtime;
mod saved;
mod scope;
mod session;
mod stack_file;
mod stand_in;
mod stop;
mod verify;

pub use call::{Calling, enable, not_applied};
pub use connect::{Aws, LOCAL_STATE, local_service, local_state};
pub use duplicates::{all_is_tagged, in_the_way};
pub use function_code::provide as provide_code;
pub use invocation::{DEFAULT_FILE, Invocation, repeated};
pub use listener::{Listener, Notice, Silent, unless_local};
pub use lock::{Held, Locking};
pub use logs::{LogSource, Logged, Logs, log_sources};
pub use reload::{Reloaded, reload};
pub use rollback::{Deployments, FunctionRollback, Rollback, named_function, versions};
pub use run::{Agreed, Ended, Executed, Execution, Steps, carry_out, look_again, run};
pub use runtime::runtime;
pub use saved::{Added, Renewed, SavedPlan, save};
pub use scope::{FORWARD, Scope, other_name};
pub use session::{FirstLook, Planned, Purpose, Session};
pub use stack_file::{load, load_quietly, named_file, source};
pub use stand_in::{Behind, StandIn};
pub use stop::{NeverStopped, Stop, Stops, or_stop, stopped};
pub use verify::{Verified, Verifying};
