package restore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove/load"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

const (
	// promisedFile is the log of what buyers were told before the crash.
	promisedFile = "promised.jsonl"
	// buyers buy at once, at most so many in a second.
	buyers = 8
	pace   = 6
	// some purchases end between one thing and the next.
	some = 20
	// moreTime is how long that may take; a shop at peace needs four seconds.
	moreTime = 2 * time.Minute
	// tries are how often the crash is put off because the archive has just got what it was to lose.
	tries = 8
)

// scene is a shop, the server under it, and who was told what.
type scene struct {
	Plan
	server *server
	shop   *stack.Shop
	stalls *load.Market
	staff  *shopclient.Client
	began  time.Time

	before *lost // what there was
	// closed is when the services were shut; there is what the provider had, by our id, before they were started again.
	closed time.Time
	there  map[string]bool
}

// lost is what there was when the database was lost.
type lost struct {
	// moment is the time to restore to, crash when the database was lost. The archive was seen to have all that was there at the time
	// archived.
	moment, archived, crash time.Time
	// numbers are the orders by number.
	numbers map[string]string
	// promises is how much buyers were told, file where.
	promises int
	file     string
	// newest and timed are who a shop that is restored to the newest point, and to moment, remembers in part.
	newest, timed *witness
}

// market puts things on sale.
func (s *scene) market(ctx context.Context) error {
	s.began = time.Now()
	token, err := s.shop.StaffToken()
	if err != nil {
		return err
	}
	s.staff = s.shop.Client().WithToken(token)
	s.stalls, err = load.Open(ctx, s.shop.Client(), s.staff, s.shop.SandboxURL())
	return err
}

// live lets a crowd buy until the database is lost.
func (s *scene) live(ctx context.Context) (*lost, error) {
	ledger, err := load.OpenLedger(filepath.Join(s.Dir, promisedFile))
	if err != nil {
		return nil, err
	}
	crowd := load.NewCrowd(s.stalls, ledger, s.Seed)
	crowd.Pace(pace)
	shopping, leave := context.WithCancel(ctx)
	defer leave()
	crowd.Start(shopping, buyers, nil)
	l := &lost{file: ledger.Path()}
	err = s.story(ctx, crowd, l)
	leave() // who was not served yet goes home with the shop's last word
	crowd.Stop()
	crowd.Wait()
	l.promises = ledger.Count()
	for _, wrong := range crowd.Wrong() {
		err = errors.Join(err, errors.New(wrong))
	}
	return l, errors.Join(err, ledger.Close())
}

// story is what happens to the shop until its database is lost.
func (s *scene) story(ctx context.Context, crowd *load.Crowd, l *lost) error {
	if err := more(ctx, crowd); err != nil {
		return err
	}
	if err := s.server.backup(ctx); err != nil {
		return err
	}
	var err error
	if l.timed, err = s.remembered(ctx, crowd); err != nil {
		return err
	}
	if err := more(ctx, crowd); err != nil {
		return err
	}
	here, err := s.server.position(ctx)
	if err != nil {
		return err
	}
	l.moment = here.at
	if err := more(ctx, crowd); err != nil {
		return err
	}
	if err := s.server.reached(ctx, here.written); err != nil {
		return err
	}
	for range tries {
		switch gone, err := s.lastMinute(ctx, crowd, l); {
		case err != nil:
			return err
		case gone:
			return nil
		}
	}
	return fmt.Errorf("the archive was too fast %d times: there was nothing to lose", tries)
}

// lastMinute lets things happen that the archive does not get any more, and loses the database. When the archive has got them after all
// it answers false: a crash would lose nothing that is worth a look.
func (s *scene) lastMinute(ctx context.Context, crowd *load.Crowd, l *lost) (gone bool, err error) {
	if l.newest, err = s.remembered(ctx, crowd); err != nil {
		return false, err
	}
	here, err := s.server.position(ctx)
	if err != nil {
		return false, err
	}
	if err := s.server.reached(ctx, here.written); err != nil {
		return false, err
	}
	l.archived = here.at
	if here, err = s.server.position(ctx); err != nil {
		return false, err
	}
	for _, w := range []*witness{l.newest, l.timed} {
		if err := s.forgotten(ctx, crowd, w); err != nil {
			return false, err
		}
	}
	if err := more(ctx, crowd); err != nil {
		return false, err
	}
	if l.numbers, err = s.numbers(ctx); err != nil {
		return false, err
	}
	there, err := s.server.position(ctx)
	if err != nil || there.archived >= here.written {
		return false, err
	}
	l.crash = time.Now()
	return true, s.server.lose()
}

// numbers are all orders by number.
func (s *scene) numbers(ctx context.Context) (map[string]string, error) {
	conn, err := pgx.Connect(ctx, s.server.schema("cart"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, query("numbers"))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	var number, order string
	_, err = pgx.ForEachRow(rows, []any{&number, &order}, func() error { found[number] = order; return nil })
	return found, err
}

// shut ends every service, the gateway first, so that nobody is served from what is about to go.
func (s *scene) shut() {
	for _, name := range slices.Backward(stack.ServiceNames) {
		s.shop.Terminate(name)
	}
	s.closed = time.Now()
}

// serve starts every service, the gateway last, and waits until they serve.
func (s *scene) serve(ctx context.Context) error {
	for _, name := range stack.ServiceNames {
		if err := s.shop.Restart(ctx, name); err != nil {
			return err
		}
	}
	return s.shop.Client().DoPatiently(ctx, moreTime, shopclient.Call{Verb: "GET", Path: "/v1/channels"}, nil)
}

// more waits until some more purchases have ended.
func more(ctx context.Context, crowd *load.Crowd) error {
	_, before := crowd.Figures()
	return until(ctx, moreTime, "purchases", func() error {
		if _, now := crowd.Figures(); now < before+some {
			return fmt.Errorf("%d of %d ended", now-before, some)
		}
		return nil
	})
}
