package checkout_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"

	"github.com/cartwright-shop/cartwright/services/cart/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/cart/internal/saga"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// update records the states anew: `go test ./internal/checkout -run InFlight -update`. A release adds files of its own
// and keeps those of earlier ones: they are what is in the database when it is deployed.
var update = flag.Bool("update", false, "record the in-flight states of this release anew")

const inflightDir = "testdata/inflight"

// How a recorded saga must end.
const (
	endBought = "bought"
	endGaveUp = "gave up"
	endBooks  = "books"
)

// What happens after the new release has started.
const (
	newsApproved = "approved"
	newsRefused  = "refused"
	newsDecided  = "decided"
)

// scene is one state to record and how it must end.
type scene struct {
	// Name is the name of its file.
	Name string `json:"name"`
	// Kind, State and Step are where the saga must stand, so that every place is really covered.
	Kind  string     `json:"kind"`
	State saga.State `json:"state"`
	Step  string     `json:"step"`
	// News is what comes in after the deploy.
	News string `json:"news,omitempty"`
	// End is how it must end.
	End string `json:"end"`
	// OrderID, CartID and GiftCard are whose it is; filled in by the recorder.
	OrderID  string `json:"order_id"`
	CartID   string `json:"cart_id"`
	GiftCard string `json:"gift_card,omitempty"`

	// play brings a shop there; the buyer is whose purchase it is.
	play func(s *shop) *buyer
}

// golden is one recorded state as its file has it.
type golden struct {
	Scene scene    `json:"scene"`
	Shot  snapshot `json:"shot"`
}

// A release is deployed while checkouts, refunds and shipments are under way. Every state that a released version has written
// must come to its right end under this one: whoever renames a step or a field of a saga's memory strands the buyers of that
// minute, with their stock held and their money taken. All of them at once, as a deploy finds them.
func TestInFlightSagasResume(t *testing.T) {
	t.Parallel()
	if *update {
		record(t)
	}
	files, err := filepath.Glob(filepath.Join(inflightDir, "*.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 50)
	s := newShop(t)
	all := make([]golden, len(files))
	for n, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		// Every file comes from a shop of its own, whose first order had the first number.
		text = bytes.ReplaceAll(text, []byte(`"UK-`), fmt.Appendf(nil, `"S%d-`, n))
		require.NoError(t, json.Unmarshal(text, &all[n]))
		s.load(all[n].Shot)
	}
	p := s.process().work()
	for _, g := range all {
		s.tell(p, g.Scene)
	}
	for _, g := range all {
		t.Run(g.Scene.Name, func(t *testing.T) {
			t.Parallel()
			s.ended(g.Scene.OrderID, 2*time.Minute)
			s.rightEnd(t, p, g.Scene)
		})
	}
}

// tell lets the payment service bring the news of a scene.
func (s *shop) tell(p *process, sc scene) {
	switch sc.News {
	case "":
		return
	case newsApproved:
		s.payment.approve(sc.OrderID)
	case newsRefused:
		s.payment.refuse(sc.OrderID)
	}
	_, err := p.checkouts.NotifyPayment(p.ctx, &cartv1.NotifyPaymentRequest{EventId: id.New(), OrderId: sc.OrderID, PaymentId: "p"})
	require.NoError(s.t, err)
}

// rightEnd holds the end of a scene against what is promised.
func (s *shop) rightEnd(t *testing.T, p *process, sc scene) {
	c, err := s.carts.Find(patient(), sc.CartID)
	require.NoError(t, err)
	b := &buyer{shop: s, card: sc.GiftCard, cart: c}
	switch sc.End {
	case endBought:
		b.bought(t, sc.OrderID)
	case endGaveUp:
		b.gaveUp(t, sc.OrderID)
	case endBooks:
		o, err := p.orders.GetOrder(asStaff(patient()), &cartv1.GetOrderRequest{OrderId: sc.OrderID})
		require.NoError(t, err)
		(&desk{process: p, t: t, b: b, order: o.GetOrder()}).checkBooks(t, sc.Name)
	default:
		require.Fail(t, "the scene has no end", sc.End)
	}
}

// record plays every scene in a shop of its own and writes where it stopped.
func record(t *testing.T) {
	require.NoError(t, os.MkdirAll(inflightDir, 0o750))
	for _, sc := range scenes() {
		s := stocked(t)
		b := sc.play(s)
		o := b.order()
		sc.OrderID, sc.CartID, sc.GiftCard = o.ID, b.cart.ID, b.card
		active, err := postgres.NewOrderStore(s.database.DB).ActiveSaga(patient(), o.ID)
		require.NoError(t, err)
		require.NotEmpty(t, active, "%s: nothing is under way", sc.Name)
		g, err := postgres.NewOrderStore(s.database.DB).GetSaga(patient(), active)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(sc.Kind, " ", sc.State, " ", sc.Step), fmt.Sprint(g.Kind, " ", g.State, " ", g.Step), "%s: %s", sc.Name, g.LastError)
		text, err := s.snapshot().lines(sc)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(inflightDir, sc.Name+".json"), text, 0o600))
	}
}
