// Package clock gives the time to code that decides by it, so that tests can set it.
// Deadlines that several processes must agree on use the clock of the database instead.
package clock

import "time"

// Clock tells the time.
type Clock interface {
	// Now is the current time in UTC.
	Now() time.Time
}

// System is the clock of the machine.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now().UTC().Add(skew()) }
