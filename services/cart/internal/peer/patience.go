package peer

import (
	"context"
	"time"
)

// readTime bounds a read that a cart is shown with. A neighbour that hangs costs a buyer this much, then the cart is shown
// with the prices it remembers, or the change is refused; it is long enough for a cart of 500 lines on a busy machine.
const readTime = 3 * time.Second

func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, readTime)
}
