// Package fault names the places where a process may die, stop or lose an answer, so that a test can make exactly that happen.
//
// A place is a phase and a subject, such as "done InventoryService/Reserve": the phase says on which side of an effect it is, the
// subject what is under way. Interceptors of the gRPC client and server, the transport of HTTP clients and transactions of
// platform/postgres pass these places by themselves; Within gives what runs outside of a call a name.
//
// Without the build tag "faults" everything here is empty and leaves nothing in a binary. With it, each process reads what to
// do, and where, from its environment:
//
//	CARTWRIGHT_FAULT        arms of this process, as JSON: [{"id":"x","point":"done InventoryService/Reserve","action":"die"}]
//	CARTWRIGHT_FAULT_FILE   a file with the same, read again whenever it changes
//	CARTWRIGHT_FAULT_LOG    a file that gets one JSON line for each place that was passed first and for each fault
//	CARTWRIGHT_CLOCK_SKEW   how far the process's clock is off, such as "-10m" (platform/clock)
package fault

// Phase says on which side of an effect a place is.
type Phase string

// The phases.
const (
	// Send is before a request leaves the caller.
	Send Phase = "send"
	// Take is after a request reached the callee, before anything was done.
	Take Phase = "take"
	// Done is after the callee did what was asked, before it replies.
	Done Phase = "done"
	// Got is after the reply reached the caller, before the caller did anything with it.
	Got Phase = "got"
	// Commit is before a transaction commits.
	Commit Phase = "commit"
	// Committed is after a transaction has committed, before the process knows.
	Committed Phase = "committed"
)

// Action is what goes wrong.
type Action string

// The actions.
const (
	// Die kills the process with SIGKILL.
	Die Action = "die"
	// Pause stops the process with SIGSTOP until somebody sends SIGCONT.
	Pause Action = "pause"
	// Drop loses the request (Send, Take), the reply (Done, Got), or the connection to the database (Commit, Committed).
	Drop Action = "drop"
	// Delay waits so many milliseconds; a reply that is held back past the caller's deadline is lost.
	Delay Action = "delay"
	// Late answers a request at once as if the connection broke, and carries it out so many milliseconds later (Take).
	Late Action = "late"
	// Duplicate sends a request five times at once (Send).
	Duplicate Action = "duplicate"
	// Refuse answers RESOURCE_EXHAUSTED without doing anything (Take).
	Refuse Action = "refuse"
)

// Arm is a fault that waits for its place.
type Arm struct {
	// ID names the arm in the log.
	ID string `json:"id"`
	// Point is a phase, a space and a subject. A subject that ends in * stands for all that begin so.
	Point string `json:"point"`
	// Action is what happens there.
	Action Action `json:"action"`
	// Nth is the first passage that is hit, counted from 1 since the arm was read; 0 means 1.
	Nth int `json:"nth,omitempty"`
	// Times is how many passages are hit; 0 means 1, below 0 all.
	Times int `json:"times,omitempty"`
	// Milliseconds is how long Delay and Late wait.
	Milliseconds int `json:"ms,omitempty"`
}

// Line is one line of the log.
type Line struct {
	// Point was passed.
	Point string `json:"point"`
	// Arm is the ID of the arm that fired there; empty when the place was only passed, which is told once.
	Arm string `json:"arm,omitempty"`
	// Pid is the process.
	Pid int `json:"pid"`
	// Millis is when, as Unix time.
	Millis int64 `json:"ms"`
}
