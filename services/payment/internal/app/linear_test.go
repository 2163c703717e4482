package app_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/payment/internal/giftcard"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/id"
	platform "github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/platform/prooftest"
)

// cutter passes connections on to a server and breaks them when it is told.
type cutter struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	open     map[net.Conn]net.Conn
}

func newCutter(t *testing.T, target string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{listener: listener, target: target, open: map[net.Conn]net.Conn{}}
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			passing.Go(func() { c.pass(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		c.cut(1)
		passing.Wait()
	})
	return c
}

func (c *cutter) pass(client net.Conn) {
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		_ = client.Close()
		return
	}
	c.mu.Lock()
	c.open[client] = server
	c.mu.Unlock()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_, _ = io.Copy(server, client)
	_ = server.Close()
	<-back
	c.mu.Lock()
	delete(c.open, client)
	c.mu.Unlock()
}

// cut breaks about a share of the open connections, with whatever is on its way.
func (c *cutter) cut(share float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for client, server := range c.open {
		if rand.Float64() < share {
			_ = client.Close()
			_ = server.Close()
		}
	}
}

const linearClients = 8

// cardInput is what one client asks of a card; it has one hold at a time.
type cardInput struct {
	client int
	do     string
	amount int64
}

// cardOutput is what it learned.
type cardOutput struct {
	reason        string
	balance, held int64
}

// linearHold is a client's hold as the model has it.
type linearHold struct {
	state                    byte // 0 none, h held, p posted
	amount, posted, refunded int64
}

// linearCard is a gift card that does one thing at a time.
type linearCard struct {
	balance, held int64
	holds         [linearClients]linearHold
}

// step does one thing and says whether that is what the client learned.
func (c linearCard) step(in cardInput, out cardOutput) (bool, linearCard) {
	h := &c.holds[in.client]
	want := ""
	switch {
	case in.do == "read":
		return out.balance == c.balance && out.held == c.held, c
	case in.do == "hold" && in.amount > c.balance-c.held:
		want, *h = "GIFTCARD_INSUFFICIENT", linearHold{}
	case in.do == "hold":
		*h = linearHold{state: 'h', amount: in.amount}
		c.held += in.amount
	case in.do == "post":
		h.state, h.posted = 'p', in.amount
		c.held, c.balance = c.held-h.amount, c.balance-in.amount
	case in.do == "release":
		c.held -= h.amount
		*h = linearHold{}
	case in.do == "refund" && in.amount > h.posted-h.refunded:
		want = "AMOUNT_EXCEEDS"
	case in.do == "refund":
		h.refunded += in.amount
		c.balance += in.amount
	}
	return out.reason == want, c
}

func cardHistoryModel(initial int64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return linearCard{balance: initial} },
		Step: func(state, input, output any) (bool, any) {
			return state.(linearCard).step(input.(cardInput), output.(cardOutput))
		},
	}
}

// linearClient uses one card and writes down what it asked and learned, and when. It repeats a request whose answer was lost,
// under the same id, until it has one: the request counts from its first try to its last.
type linearClient struct {
	cards   *giftcard.Service
	card    string
	number  int
	random  *rand.Rand
	started time.Time
	history []porcupine.Operation

	hold  string
	state byte
	spent int64
	set   int64

	unclear bool // a request was refused after an earlier try of it was lost, which may still be on its way
}

func (c *linearClient) act(ctx context.Context) {
	in := cardInput{client: c.number, do: "read"}
	switch dice := c.random.IntN(5); {
	case dice == 0:
	case c.state == 0:
		in.do, in.amount, c.hold = "hold", 1+c.random.Int64N(400), id.New()
	case c.state == 'h' && dice == 1:
		in.do = "release"
	case c.state == 'h':
		in.do, in.amount = "post", 1+c.random.Int64N(c.set)
	case dice > 2:
		in.do, in.amount = "refund", 1+c.random.Int64N(c.spent)
	default:
		c.state = 0 // a new hold next time
	}
	request, order := id.New(), id.Secret()
	start, lost := time.Since(c.started), false
	for {
		out, err := c.call(ctx, in, request, order)
		if code := errs.CodeOf(err); err != nil && (errs.ReasonOf(err) == "" || code == errs.Internal || code == errs.Unavailable) {
			lost = true
			continue
		}
		c.unclear = c.unclear || lost && out.reason != ""
		c.learn(in, out)
		c.history = append(c.history, porcupine.Operation{
			ClientId: c.number, Input: in, Call: int64(start), Output: out, Return: int64(time.Since(c.started)),
		})
		return
	}
}

func (c *linearClient) call(ctx context.Context, in cardInput, request, order string) (out cardOutput, err error) {
	switch in.do {
	case "read":
		var card giftcard.Card
		card, err = c.cards.Get(ctx, c.card)
		out.balance, out.held = card.Balance, card.Held
	case "hold":
		_, err = c.cards.Hold(ctx, giftcard.HoldRequest{HoldID: c.hold, RequestID: request, CardID: c.card, OrderID: order, Amount: *pounds(in.amount), TTL: time.Hour})
	case "post":
		_, err = c.cards.Post(ctx, c.hold, request, pounds(in.amount))
	case "release":
		_, err = c.cards.Release(ctx, c.hold, request, order)
	case "refund":
		_, err = c.cards.RefundToCard(ctx, giftcard.RefundRequest{RefundID: request, HoldID: c.hold, RequestID: request, Amount: *pounds(in.amount)})
	}
	out.reason = errs.ReasonOf(err)
	return out, err
}

func (c *linearClient) learn(in cardInput, out cardOutput) {
	switch {
	case out.reason != "":
	case in.do == "hold":
		c.state, c.set = 'h', in.amount
	case in.do == "post":
		c.state, c.spent = 'p', in.amount
	case in.do == "release":
		c.state = 0
	}
}

// To everybody who uses it at once, a gift card looks as if one thing happened after the other, also while connections to the
// database break and requests are repeated: elsewhere two orders each spent the last pound. Fails when no order of the
// requests explains what their callers were told.
func TestGiftCardHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, "payment", postgres.Migrations())
	target, err := url.Parse(db.AppDSN)
	require.NoError(t, err)
	proxy := newCutter(t, target.Host)
	target.Host = proxy.listener.Addr().String()
	broken, err := platform.Open(t.Context(), platform.Config{URL: target.String(), AcquireTimeout: 20 * time.Second})
	require.NoError(t, err)
	t.Cleanup(broken.Close)
	cards, straight := cardsOn(t, postgres.New(broken, &queue{})), cardsOn(t, postgres.New(db.DB, &queue{}))
	histories, operations := prooftest.Rounds(4, 200), prooftest.Rounds(240, 1_000)
	cuts, stop := context.WithCancel(t.Context())
	var cutting sync.WaitGroup
	cutting.Go(func() {
		ticker := time.NewTicker(40 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-cuts.Done():
				return
			case <-ticker.C:
				proxy.cut(0.15)
			}
		}
	})
	defer cutting.Wait()
	defer stop()
	unclear := 0
	for i := range histories {
		const initial = 1_000
		history, judged := record(t.Context(), cards, issue(t, straight, initial), operations)
		require.Len(t, history, operations)
		if !judged {
			unclear++
			continue
		}
		result, info := porcupine.CheckOperationsVerbose(cardHistoryModel(initial), history, 2*time.Minute)
		require.Equal(t, porcupine.Ok, result, "history %d: %v", i, fmt.Sprint(info))
	}
	require.Less(t, unclear, 1+histories/2, "most histories can be judged")
}

// record lets all clients use one card at the same time and gives what they saw, and whether it can be judged.
func record(ctx context.Context, cards *giftcard.Service, card string, operations int) (history []porcupine.Operation, judged bool) {
	clients, started := make([]*linearClient, linearClients), time.Now()
	var wg sync.WaitGroup
	for i := range clients {
		clients[i] = &linearClient{cards: cards, card: card, number: i, random: rand.New(rand.NewPCG(rand.Uint64(), 5)), started: started}
		wg.Go(func() {
			for range operations / linearClients {
				clients[i].act(ctx)
			}
		})
	}
	wg.Wait()
	judged = true
	for _, c := range clients {
		history, judged = append(history, c.history...), judged && !c.unclear
	}
	return history, judged
}

// A checker that accepts everything proves nothing: fails when a history in which a pound was spent twice is explained.
func TestAHistoryThatSpendsTwiceIsNotLinearizable(t *testing.T) {
	t.Parallel()
	at := func(client int, in cardInput, out cardOutput, call, ret int64) porcupine.Operation {
		in.client = client
		return porcupine.Operation{ClientId: client, Input: in, Output: out, Call: call, Return: ret}
	}
	good := []porcupine.Operation{
		at(0, cardInput{do: "hold", amount: 60}, cardOutput{}, 1, 5), at(1, cardInput{do: "hold", amount: 60}, cardOutput{reason: "GIFTCARD_INSUFFICIENT"}, 2, 4),
		at(2, cardInput{do: "read"}, cardOutput{balance: 100, held: 60}, 6, 7),
	}
	require.True(t, porcupine.CheckOperations(cardHistoryModel(100), good))
	good[1].Output = cardOutput{}
	require.False(t, porcupine.CheckOperations(cardHistoryModel(100), good))
	good[1].Output, good[2].Output = cardOutput{reason: "GIFTCARD_INSUFFICIENT"}, cardOutput{balance: 100}
	require.False(t, porcupine.CheckOperations(cardHistoryModel(100), good), "a reading of long ago")
}
