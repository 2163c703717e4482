package errs

// The kinds of the runtime itself. Services declare theirs in the package of their domain.
var (
	// InvalidField is a request with wrong fields; each field gives its own reason and the first one names the error.
	InvalidField = Define(Invalid, "INVALID_VALUE", "A field of the request is wrong; the field violations say which and why.")
	// CharNotAllowed is a text with NUL, another control character or a bidirectional override.
	CharNotAllowed = Define(Invalid, "CHAR_NOT_ALLOWED", "A text has a control character that is not allowed in it.")
	// UTF8Invalid is a text that is not UTF-8.
	UTF8Invalid = Define(Invalid, "UTF8_INVALID", "A text is not valid UTF-8.")
	// MessageMalformed is a message that cannot be decoded.
	MessageMalformed = Define(Invalid, "MESSAGE_MALFORMED", "The message cannot be decoded.")
	// MessageTooLarge is a message over the limit of the server.
	MessageTooLarge = Define(TooLarge, "MESSAGE_TOO_LARGE", "The message is larger than the server accepts.")
	// PANNotAccepted is a card number in a text field.
	PANNotAccepted = Define(Unprocessable, "PAN_NOT_ACCEPTED", "A text looks like a card number; card numbers are never accepted, send a payment token.")
	// PageTokenInvalid is a page token that is forged, damaged or of another list.
	PageTokenInvalid = Define(Invalid, "PAGE_TOKEN_INVALID", "The page token is not one this list gave out for the same filter.")
	// PageSizeInvalid is a negative page size.
	PageSizeInvalid = Define(Invalid, "PAGE_SIZE_INVALID", "The page size is negative.")
	// NotFoundKind is a thing that does not exist or that the caller may not see.
	NotFoundKind = Define(NotFound, "NOT_FOUND", "The thing does not exist or is not visible to the caller.")
	// AlreadyExistsKind is a name or key that is taken.
	AlreadyExistsKind = Define(AlreadyExists, "ALREADY_EXISTS", "A thing with this name or key exists already.")
	// VersionConflict is an update of a version that is not the last one.
	VersionConflict = Define(Aborted, "VERSION_CONFLICT", "Somebody changed the thing in between; read it again and repeat the change.")
	// Conflict is a transaction that lost against another one several times.
	Conflict = Define(Aborted, "CONFLICT", "The request clashed with another one; try again.")
	// StateConflict is a change that the stored data forbids.
	StateConflict = Define(FailedPrecondition, "STATE_CONFLICT", "The state of the data does not allow the change.")
	// IdempotencyKeyRequired is a call without the key that it must have.
	IdempotencyKeyRequired = Define(Invalid, "IDEMPOTENCY_KEY_REQUIRED", "The call moves money or stock and needs an idempotency key.")
	// IdempotencyKeyInvalid is a key that is too long or not printable.
	IdempotencyKeyInvalid = Define(Invalid, "IDEMPOTENCY_KEY_INVALID", "The idempotency key is not 1 to 255 printable ASCII characters.")
	// IdempotencyKeyReused is a key that was used for another request.
	IdempotencyKeyReused = Define(Unprocessable, "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for a different request.")
	// IdempotencyInProgress is a key whose first request still runs.
	IdempotencyInProgress = Define(Aborted, "IDEMPOTENCY_IN_PROGRESS", "The first request with this idempotency key is still running.")
	// PrincipalInvalid is an identity in the call that cannot be read.
	PrincipalInvalid = Define(Unauthenticated, "PRINCIPAL_INVALID", "The identity sent with the call cannot be read.")
	// Unauthorized is a caller without an identity where one is needed.
	Unauthorized = Define(Unauthenticated, "UNAUTHENTICATED", "The call needs an identity.")
	// Forbidden is a caller whose identity does not allow the call.
	Forbidden = Define(PermissionDenied, "PERMISSION_DENIED", "The caller may not do this.")
	// LimitReached is a limit on the rate or the amount of work.
	LimitReached = Define(ResourceExhausted, "LIMIT_REACHED", "A limit was reached; try again later.")
	// Overloaded is a server that sheds load.
	Overloaded = Define(Unavailable, "OVERLOADED", "The server has more work than it can do in time; try again.")
	// DependencyUnavailable is another service that does not answer.
	DependencyUnavailable = Define(Unavailable, "DEPENDENCY_UNAVAILABLE", "A service this call needs does not answer; try again.")
	// DatabaseUnavailable is a database that does not answer.
	DatabaseUnavailable = Define(Unavailable, "DATABASE_UNAVAILABLE", "The database does not answer; try again.")
	// DeadlineReached is a call that ran out of time.
	DeadlineReached = Define(DeadlineExceeded, "DEADLINE_EXCEEDED", "The time given for the call is over; its effect is unknown.")
	// CallCanceled is a call whose caller went away.
	CallCanceled = Define(Canceled, "CANCELLED", "The caller gave up.")
	// MethodUnknown is a method that does not exist.
	MethodUnknown = Define(Unimplemented, "UNIMPLEMENTED", "The method does not exist.")
	// InternalError is a fault of ours. Its cause is logged once and never sent.
	InternalError = Define(Internal, "INTERNAL", "Something broke on our side; the request id helps us to find it.")
)
