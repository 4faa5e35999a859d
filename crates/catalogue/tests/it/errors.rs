//! Every error code that may be met is explained.

use catalogue::entra_errors;
use catalogue::powerbi_errors;
use catalogue::powerbi_errors::PowerBiError;
