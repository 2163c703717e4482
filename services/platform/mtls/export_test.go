package mtls

// Looks gives what Watch does at each of its ticks.
func Looks(i *Identity) func() { return i.looks() }
