package cart

// Metrics counts what happens to carts.
type Metrics struct{}
