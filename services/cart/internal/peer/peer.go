// Package peer wraps the clients of the other services as the ports of the domain. It converts and decides nothing: a refusal
// of a peer passes through with its reason, and what cannot be right in an answer, such as another currency, is an error.
package peer
