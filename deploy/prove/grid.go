package prove

import (
	"context"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/deploy/prove/proxy"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
)

// step is one call of a machine, for the grid of all faults at all steps.
type step struct {
	name, method, callee string
	buys                 []load.Kind
}

func steps() []step {
	return []step{
		{"S1", "PricingService/ConfirmQuote", "pricing", []load.Kind{load.Coupon}},
		{"S2", "InventoryService/Reserve", "inventory", []load.Kind{load.Card}},
		{"S3", "PaymentService/HoldGiftCard", "payment", []load.Kind{load.GiftCard}},
		{"S4", "PaymentService/AuthorizePayment", "payment", []load.Kind{load.Card}},
		{"S4w", "PaymentService/GetPayment", "payment", []load.Kind{load.Challenge, load.Wallet}},
		{"S6", "InventoryService/CommitReservation", "inventory", []load.Kind{load.Card}},
		{"S7", "PaymentService/PostGiftCardHold", "payment", []load.Kind{load.GiftCard}},
		{"S8", "PaymentService/CapturePayment", "payment", []load.Kind{load.Card, load.Parcels}},
		{"S9", "PricingService/RedeemCoupons", "pricing", []load.Kind{load.Coupon}},
		{"X4", "PaymentService/VoidPayment", "payment", []load.Kind{load.Denied, load.Hasty}},
		{"X3", "PaymentService/ReleaseGiftCardHold", "payment", []load.Kind{load.GiftDenied}},
		{"X2", "InventoryService/ReleaseReservation", "inventory", []load.Kind{load.Denied, load.Declined}},
		{"X1", "PricingService/ReleaseCoupons", "pricing", []load.Kind{load.GiftDenied}},
		{"R2", "PaymentService/RefundPayment", "payment", []load.Kind{load.Refund, load.Cancel}},
		{"R3", "PaymentService/RefundToGiftCard", "payment", []load.Kind{load.GiftRefund}},
		{"R4", "InventoryService/ReceiveReturn", "inventory", []load.Kind{load.Return}},
		{"R5", "InventoryService/ReleaseAllocation", "inventory", []load.Kind{load.Cancel}},
		{"F1", "InventoryService/CreateShipment", "inventory", []load.Kind{load.Parcels}},
	}
}

// pastDeadline is longer than cart waits for a peer.
const pastDeadline = 7000

// grid is every fault at every step that is a call.
func grid() []Cell {
	var cells []Cell
	for _, s := range steps() {
		add := func(kind, says, victim string, arms []fault.Arm) {
			cells = append(cells, Cell{
				Name: "G-" + s.name + "-" + kind, Says: s.method + ": " + says, Victim: victim, Arms: arms, Buys: s.buys, Long: true, Patience: 30 * time.Second,
			})
		}
		add("a", "cart dies before it asks", "cart", die("send "+s.method))
		add("b", s.callee+" dies when it is done", s.callee, die("done "+s.method))
		add("c", "cart dies with the answer", "cart", die("got "+s.method))
		add("lost", "the answer is lost", s.callee, drop("done "+s.method))
		add("late", "the answer comes past the deadline", s.callee, delay("done "+s.method, pastDeadline))
		add("twice", "the request is sent five times", "cart", []fault.Arm{{Point: "send " + s.method, Action: fault.Duplicate, Times: 8}})
		add("full", s.callee+" answers RESOURCE_EXHAUSTED", s.callee, []fault.Arm{{Point: "take " + s.method, Action: fault.Refuse, Times: 12}})
		add("zombie", "cart stops for 30 s", "cart", pause("send "+s.method))
		add("stall", s.callee+" stops for 30 s when it is done", s.callee, pause("done "+s.method))
		add("away", "the request gets nowhere for a while", "cart", []fault.Arm{{Point: "send " + s.method, Action: fault.Drop, Times: -1}})
		cells = append(cells, Cell{
			Name: "G-" + s.name + "-pg", Says: s.method + ": Postgres is killed when it is done", Victim: s.callee, Buys: s.buys, Long: true,
			Patience: 30 * time.Second, Do: databaseDiesAt(s.callee, "done "+s.method),
		})
	}
	for i := range cells {
		if len(cells[i].Arms) > 0 && cells[i].Arms[0].Action == fault.Pause {
			cells[i].Down = 30 * time.Second
		}
		if len(cells[i].Arms) > 0 && cells[i].Arms[0].Times < 0 {
			cells[i].Down = 10 * time.Second
		}
	}
	return cells
}

// doubles are two faults at once, which find what one alone does not.
func doubles() []Cell {
	pairs := [][2]string{
		{"cart", "payment"}, {"cart", "inventory"}, {"payment", "inventory"}, {"cart", "pricing"}, {"payment", "sandbox"}, {"cart", "gateway"},
		{"cart", "postgres"}, {"payment", "postgres"},
	}
	var cells []Cell
	for _, p := range pairs {
		cells = append(cells, Cell{
			Name: "D-" + p[0] + "-" + p[1], Says: fmt.Sprintf("%s and %s die together", p[0], p[1]), Long: true, Patience: 30 * time.Second, Do: dieTogether(p[0], p[1]),
		})
	}
	for _, edge := range []string{"cart>inventory", "cart>payment", "cart>pricing", "payment>sandbox", "cart>postgres", "payment>postgres", "inventory>postgres"} {
		cells = append(cells,
			Cell{Name: "N-" + edge + "-silent", Says: edge + ": nothing is heard for a minute", Long: true, Patience: 30 * time.Second, Do: partition(edge, time.Minute)},
			Cell{Name: "N-" + edge + "-cut", Says: edge + ": connections are cut for ten seconds", Long: true, Patience: 30 * time.Second, Do: broken(edge, proxy.Cut)},
			Cell{Name: "N-" + edge + "-reset", Says: edge + ": connections are reset for ten seconds", Long: true, Patience: 30 * time.Second, Do: broken(edge, proxy.Reset)},
			Cell{Name: "N-" + edge + "-slow", Says: edge + ": everything takes 200 ms longer", Long: true, Patience: 30 * time.Second, Do: broken(edge, proxy.Slow)},
		)
	}
	return cells
}

// broken lets a connection be bad for ten seconds.
func broken(edge string, mode proxy.Mode) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		if err := s.busy(ctx, buyers/2); err != nil {
			return err
		}
		s.proxy(edge).Set(mode, 200*time.Millisecond)
		s.shots.Add(1)
		err := s.pass(ctx, 10*time.Second)
		s.proxy(edge).Set(proxy.Pass, 0)
		return err
	}
}
