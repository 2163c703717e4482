package prove

import (
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// Cells are all crash points, and after them what only the long run has time for.
func Cells() []Cell {
	return slices.Concat(towards(), after(), back(), operations(), edges(), grid(), doubles())
}

// askedAgain is what a payment that waits for its buyer may take longer to be seen as given up: the bank is asked about it ten
// seconds after it was opened, then after twenty and forty more.
const askedAgain = 30 * time.Second

// A place is "<phase> <subject>": send and got are the caller's sides of a call, take and done the callee's, commit and committed
// those of a transaction. The phases of a remote step in the crash matrix are a: send, b: done (the callee dies), c: got, and
// d: done or committed with the connection lost.

// towards are the steps from the request to the placed order.
func towards() []Cell {
	const reserve, hold, authorize = "InventoryService/Reserve", "PaymentService/HoldGiftCard", "PaymentService/AuthorizePayment"
	card, gifts := []load.Kind{load.Card}, []load.Kind{load.GiftCard}
	return []Cell{
		{Name: "CP-01", Says: "gateway dies with the request in hand: the retry makes one order", Victim: "gateway", Arms: die("take CheckoutService/Checkout"), Buys: card},
		{Name: "CP-02", Says: "cart dies before the order exists", Victim: "cart", Arms: die("commit CheckoutService/Checkout#1"), Buys: card},
		{Name: "CP-03", Says: "S0 commits and cart does not know: the retry finds the order", Victim: "cart", Arms: drop("committed CheckoutService/Checkout#1"), Buys: card},
		{Name: "CP-04", Says: "S0 commits and nobody begins: a worker does within 12 s", Victim: "cart", Arms: die("committed CheckoutService/Checkout#1"), Buys: card},
		{Name: "CP-05", Says: "the price moves between cart and order: PRICE_CHANGED, nothing held", Do: priceMoves},
		{Name: "CP-06", Says: "pricing dies with the coupon reserved: one use", Victim: "pricing", Arms: die("done PricingService/ConfirmQuote"), Buys: []load.Kind{load.Coupon}},
		{Name: "CP-07", Says: "S2a: cart dies before it reserves", Victim: "cart", Arms: die("send " + reserve), Buys: card},
		{Name: "CP-08", Says: "S2b: inventory dies with the stock reserved", Victim: "inventory", Arms: die("done " + reserve), Buys: card},
		{Name: "CP-09", Says: "S2c: cart dies with the reservation in hand", Victim: "cart", Arms: die("got " + reserve), Buys: card},
		{Name: "CP-10", Says: "S2d: the answer of inventory is lost", Victim: "inventory", Arms: drop("done " + reserve), Buys: card},
		{Name: "CP-11", Says: "inventory dies with a batch of reservations before its statement", Victim: "inventory", Arms: die("commit batch.reserve#1"), Buys: card},
		{Name: "CP-12", Says: "inventory dies with a batch of reservations made and none answered", Victim: "inventory", Arms: die("committed batch.reserve#1"), Buys: card},
		{Name: "CP-13", Says: "one of two things is short: neither is reserved", Do: halfShort},
		{Name: "CP-14a", Says: "S3a: cart dies before it holds a gift card", Victim: "cart", Arms: die("send " + hold), Buys: gifts},
		{Name: "CP-14b", Says: "S3b: payment dies with the gift card held", Victim: "payment", Arms: die("done " + hold), Buys: gifts},
		{Name: "CP-14c", Says: "S3c: cart dies with the hold in hand", Victim: "cart", Arms: die("got " + hold), Buys: gifts},
		{Name: "CP-14d", Says: "S3d: the answer about the hold is lost", Victim: "payment", Arms: drop("done " + hold), Buys: gifts},
		{Name: "CP-15", Says: "the gift card's hold runs out before it is charged: held again", Victim: "cart", Do: giftHoldRunsOut, Buys: gifts},
		{Name: "CP-16", Says: "P1: payment dies before the operation is stored: the bank was not asked", Victim: "payment", Arms: die("commit " + authorize + "#1"), Buys: card},
		{Name: "CP-17", Says: "P2a: payment dies before it asks the bank", Victim: "payment", Arms: die("send POST authorizations"), Buys: card},
		{Name: "CP-18", Says: "P2b: the bank reserves, its answer is lost: one authorization", Victim: "payment", Arms: drop("got POST authorizations"), Buys: []load.Kind{load.Card, load.LostReply}},
		{Name: "CP-19", Says: "the bank reserves long after everybody gave up: voided once", Do: bankTooLate},
		{Name: "CP-20c", Says: "P3c: payment dies with the bank's answer in hand", Victim: "payment", Arms: die("got POST authorizations"), Buys: card},
		{Name: "CP-20d", Says: "P3d: the result commits and payment does not know", Victim: "payment", Arms: drop("committed " + authorize + "#2"), Buys: card},
		{Name: "CP-21", Says: "the news of a payment come before its answer is stored", Victim: "payment", Arms: []fault.Arm{{Point: "commit " + authorize + "#2", Action: fault.Delay, Milliseconds: 1500, Times: 8}}, Buys: card},
		{Name: "CP-22", Says: "the buyer never comes back from the bank: stock and holds are free again", Do: neverBack, Patience: askedAgain},
		{Name: "CP-23", Says: "the buyer pays when it is too late: given back once", Do: backTooLate, Patience: askedAgain},
		{Name: "CP-24", Says: "S5a: cart dies before the pivot", Victim: "cart", Arms: die("commit checkout.place#1"), Buys: card},
		{Name: "CP-25", Says: "S5d: the pivot commits and cart does not know: placed once", Victim: "cart", Arms: drop("committed checkout.place#1"), Buys: card},
		{Name: "CP-25x", Says: "S5d: cart dies right after the pivot", Victim: "cart", Arms: die("committed checkout.place#1"), Buys: card},
		{Name: "CP-26", Says: "two runners at the pivot, one a zombie: one wins", Victim: "cart", Do: zombie("commit checkout.place#1"), Buys: card},
	}
}

// after are the steps after the pivot.
func after() []Cell {
	const commit, post, capture = "InventoryService/CommitReservation", "PaymentService/PostGiftCardHold", "PaymentService/CapturePayment"
	const notify = "CheckoutService/NotifyPayment"
	card, gifts := []load.Kind{load.Card}, []load.Kind{load.GiftCard}
	news := []load.Kind{load.Challenge, load.Wallet, load.QR, load.Voucher}
	return []Cell{
		{Name: "CP-27", Says: "the stock's hold runs out between payment and commit: reserved again", Victim: "cart", Do: stockHoldRunsOut, Buys: card},
		{Name: "CP-28a", Says: "S6a: cart dies before it commits the stock", Victim: "cart", Arms: die("send " + commit), Buys: card},
		{Name: "CP-28b", Says: "S6b: inventory dies with the stock committed", Victim: "inventory", Arms: die("done " + commit), Buys: card},
		{Name: "CP-28c", Says: "S6c: cart dies with the commit in hand", Victim: "cart", Arms: die("got " + commit), Buys: card},
		{Name: "CP-28d", Says: "S6d: the answer about the commit is lost", Victim: "inventory", Arms: drop("done " + commit), Buys: card},
		{Name: "CP-29a", Says: "S7a: payment dies before the gift card is charged", Victim: "payment", Arms: die("commit " + post + "#1"), Buys: gifts},
		{Name: "CP-29b", Says: "S7b: payment dies with the gift card charged", Victim: "payment", Arms: die("done " + post), Buys: gifts},
		{Name: "CP-29c", Says: "S7c: cart dies with the charge in hand", Victim: "cart", Arms: die("got " + post), Buys: gifts},
		{Name: "CP-29d", Says: "S7d: the charge commits and payment does not know", Victim: "payment", Arms: drop("committed " + post + "#1"), Buys: gifts},
		{Name: "CP-30", Says: "C1: payment dies before the capture is stored", Victim: "payment", Arms: die("take " + capture), Buys: card},
		{Name: "CP-30x", Says: "C2a: payment dies before it asks the bank", Victim: "payment", Arms: die("send POST captures"), Buys: card},
		{Name: "CP-31", Says: "C2b: the bank captures, its answer is lost: one capture", Victim: "payment", Arms: drop("got POST captures"), Buys: card},
		{Name: "CP-31x", Says: "C2b: payment dies with the bank's answer in hand", Victim: "payment", Arms: die("got POST captures"), Buys: card},
		{Name: "CP-32", Says: "C3: payment dies before result and booking, which are one commit", Victim: "payment", Arms: die("commit " + capture + "#1"), Buys: card},
		{Name: "CP-32d", Says: "C3d: result and booking commit and payment does not know", Victim: "payment", Arms: drop("committed " + capture + "#1"), Buys: card},
		{Name: "CP-33", Says: "cart dies between the charge of a parcel and its way", Victim: "cart", Arms: die("got " + capture), Buys: []load.Kind{load.Parcels}},
		{Name: "CP-34", Says: "the bank refuses a capture after the order was placed: somebody is told", Do: captureRefused},
		{Name: "CP-35", Says: "payment dies before it tells cart", Victim: "payment", Arms: die("send " + notify), Buys: news},
		{Name: "CP-36", Says: "payment dies before it notes that cart was told", Victim: "payment", Arms: die("got " + notify), Buys: news},
		{Name: "CP-37", Says: "news that began first commit last: both arrive", Victim: "payment", Arms: []fault.Arm{{Point: "commit PaymentService/ReceiveWebhook#1", Action: fault.Delay, Milliseconds: 1500, Times: 4}}, Buys: news},
		{Name: "CP-38", Says: "cart took the news and its answer is lost: once", Victim: "cart", Arms: drop("done " + notify), Buys: news},
		{Name: "CP-39", Says: "cart dies before it stores the news and their effect, which are one commit", Victim: "cart", Arms: die("commit " + notify + "#1"), Buys: news},
		{Name: "CP-40a", Says: "S10a: cart dies before the cart is closed", Victim: "cart", Arms: die("commit checkout.close#1"), Buys: card},
		{Name: "CP-40d", Says: "S10d: the close commits and cart does not know", Victim: "cart", Arms: drop("committed checkout.close#1"), Buys: card},
	}
}

// back are the steps that give everything back.
func back() []Cell {
	const void, hold, stock = "PaymentService/VoidPayment", "PaymentService/ReleaseGiftCardHold", "InventoryService/ReleaseReservation"
	hasty, gifts, denied := []load.Kind{load.Hasty}, []load.Kind{load.GiftDenied}, []load.Kind{load.Declined, load.Denied}
	return []Cell{
		{Name: "CP-41a", Says: "X4a: cart dies before it voids", Victim: "cart", Arms: die("send " + void), Buys: denied},
		{Name: "CP-41b", Says: "X4b: payment dies with the payment voided", Victim: "payment", Arms: die("done " + void), Buys: denied},
		{Name: "CP-41c", Says: "X4c: cart dies with the void in hand", Victim: "cart", Arms: die("got " + void), Buys: denied},
		{Name: "CP-41d", Says: "X4d: the void commits and payment does not know", Victim: "payment", Arms: drop("committed " + void + "#1"), Buys: denied},
		{Name: "CP-41x", Says: "the bank releases, its answer is lost: released once", Victim: "payment", Arms: drop("got POST voids"), Buys: hasty},
		{Name: "CP-42", Says: "a void finds the money captured: refunded once", Do: voidOfCaptured},
		{Name: "CP-43a", Says: "X3a: cart dies before it frees the gift card", Victim: "cart", Arms: die("send " + hold), Buys: gifts},
		{Name: "CP-43b", Says: "X3b: payment dies with the gift card freed", Victim: "payment", Arms: die("done " + hold), Buys: gifts},
		{Name: "CP-43c", Says: "X3c: cart dies with the release in hand", Victim: "cart", Arms: die("got " + hold), Buys: gifts},
		{Name: "CP-43d", Says: "X3d: the release commits and payment does not know", Victim: "payment", Arms: drop("committed " + hold + "#1"), Buys: gifts},
		{Name: "CP-44a", Says: "X2a: cart dies before it frees the stock", Victim: "cart", Arms: die("send " + stock), Buys: denied},
		{Name: "CP-44b", Says: "X2b: inventory dies with the stock freed", Victim: "inventory", Arms: die("done " + stock), Buys: denied},
		{Name: "CP-44c", Says: "X2c: cart dies with the release in hand", Victim: "cart", Arms: die("got " + stock), Buys: denied},
		{Name: "CP-44d", Says: "X2d: the answer about the release is lost", Victim: "inventory", Arms: drop("done " + stock), Buys: denied},
		{Name: "CP-45", Says: "the release comes before the reservation: a tombstone refuses it", Do: undoBeforeDo},
		{Name: "CP-45x", Says: "reservations arrive two seconds late, after their repetition", Victim: "inventory", Arms: []fault.Arm{{Point: "take InventoryService/Reserve", Action: fault.Late, Milliseconds: 2000, Times: 8}}, Buys: hasty},
		{Name: "CP-46a", Says: "X1a: cart dies before the order has failed", Victim: "cart", Arms: die("commit checkout.fail#1"), Buys: denied},
		{Name: "CP-46d", Says: "X1d: the failure commits and cart does not know: the cart is open once", Victim: "cart", Arms: drop("committed checkout.fail#1"), Buys: denied},
		{Name: "CP-47", Says: "cart dies giving back while the buyer repeats the request", Victim: "cart", Arms: die("send PricingService/ReleaseCoupons"), Buys: gifts},
		{Name: "CP-48", Says: "the buyer cancels while the bank is asked: money and stock agree", Victim: "payment", Arms: []fault.Arm{{Point: "done PaymentService/AuthorizePayment", Action: fault.Delay, Milliseconds: 1500, Times: 8}}, Buys: hasty},
		{Name: "CP-49", Says: "two tabs buy one cart: one order", Do: twoTabs},
	}
}

// operations are refunds, parcels, news of the bank, gift cards and what runs by itself.
func operations() []Cell {
	const refund, hook = "OrderService/RefundOrder", "PaymentService/ReceiveWebhook"
	refunds, returns, parcels := []load.Kind{load.Refund, load.Cancel}, []load.Kind{load.Return}, []load.Kind{load.Parcels, load.Return}
	news := []load.Kind{load.Challenge, load.Wallet, load.QR, load.Voucher}
	return []Cell{
		{Name: "CP-50a", Says: "R1a: cart dies before the refund is counted", Victim: "cart", Arms: die("commit " + refund + "#1"), Buys: refunds},
		{Name: "CP-50d", Says: "R1d: the refund is counted and cart does not know", Victim: "cart", Arms: drop("committed " + refund + "#1"), Buys: refunds},
		{Name: "CP-51", Says: "R2: the bank refunds, its answer is lost: one refund", Victim: "payment", Arms: drop("got POST refunds"), Buys: refunds},
		{Name: "CP-51x", Says: "R2: payment dies with the bank's answer in hand", Victim: "payment", Arms: die("got POST refunds"), Buys: refunds},
		{Name: "CP-52", Says: "the bank refuses a refund for good: the order is as before", Do: refundRefused},
		{Name: "CP-53", Says: "R4: cart dies before the return is booked", Victim: "cart", Arms: die("send InventoryService/ReceiveReturn"), Buys: returns},
		{Name: "CP-53d", Says: "R4: the return is booked and inventory does not know", Victim: "inventory", Arms: drop("committed InventoryService/ReceiveReturn#1"), Buys: returns},
		{Name: "CP-54", Says: "many refunds of one order at once: not more than was paid", Do: manyRefunds},
		{Name: "CP-55a", Says: "W1a: payment dies before the news are stored", Victim: "payment", Arms: die("commit " + hook + "#1"), Buys: news},
		{Name: "CP-55d", Says: "W1d: the news are stored and the bank does not know: it sends them again", Victim: "payment", Arms: drop("committed " + hook + "#1"), Buys: news},
		{Name: "CP-56", Says: "W2: payment dies while it applies the news", Victim: "payment", Arms: die("commit job.apply_payment_event#1"), Buys: news},
		{Name: "CP-57", Says: "the news of the bank come three times and in any order", Do: disorder},
		{Name: "CP-58", Says: "the bank keeps its news to itself for a while", Do: newsHeld},
		{Name: "CP-59", Says: "E1: inventory dies while it frees what ran out", Do: sweepDies},
		{Name: "CP-60", Says: "E1: a reservation runs out while it is committed: one wins", Do: expiryRace},
		{Name: "CP-61", Proof: "services/payment/internal/app: TestLapsedAuthorizationIsReleased"},
		{Name: "CP-62", Proof: "services/platform/idempotency: TestPurgeDeletesOldAnswersOnly"},
		{Name: "CP-63", Says: "E4: a zombie repeats what another runner has done", Victim: "cart", Do: zombie("send PaymentService/AuthorizePayment"), Buys: []load.Kind{load.Card}},
		{Name: "CP-64", Says: "F1: the parcel is booked and inventory does not know: once", Victim: "inventory", Arms: drop("committed InventoryService/CreateShipment#1"), Buys: parcels},
		{Name: "CP-64x", Says: "F1: inventory dies with the parcel booked", Victim: "inventory", Arms: die("committed InventoryService/CreateShipment#1"), Buys: parcels},
		{Name: "CP-65", Says: "F2: staff count less than is reserved: refused", Do: countBelow},
		{Name: "CP-66", Says: "payment dies with the gift card issued: one card, the same code", Victim: "payment", Arms: die("committed PaymentService/IssueGiftCard#1"), Buys: []load.Kind{load.GiftCard}},
		{Name: "CP-67", Says: "pricing is away: nothing is held before the price is certain", Do: noPrices},
	}
}

// edges are faults of the shop as a whole.
func edges() []Cell {
	return []Cell{
		{Name: "CP-68", Says: "Postgres is killed and comes back: nothing acknowledged is lost", Do: killDatabase},
		{Name: "CP-68x", Says: "the answer to one COMMIT is lost on the wire", Do: loseCommit},
		{Name: "CP-69", Says: "the disk of Postgres is full for a while: refused with a 503, resumed later", Do: diskFull, SmallDisk: true},
		{Name: "CP-69x", Says: "the disk is full and Postgres goes down for want of a write-ahead log: resumed when both are back", Do: logFull, SmallDisk: true, Long: true, Patience: 30 * time.Second},
		{Name: "CP-70", Says: "every service is replaced in turn under load", Do: rolling},
		{Name: "CP-71a", Says: "the clock of cart is 10 minutes ahead", Do: wrongClock("cart", "10m")},
		{Name: "CP-71b", Says: "the clock of inventory is 10 minutes behind", Do: wrongClock("inventory", "-10m")},
		{Name: "CP-72", Says: "cart and payment do not hear each other", Do: partition("cart>payment", 6*time.Second), Buys: []load.Kind{load.Card, load.GiftCard}},
	}
}
