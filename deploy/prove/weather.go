package prove

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cartwright-shop/cartwright/deploy/prove/proxy"
	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	"github.com/cartwright-shop/cartwright/services/platform/fault"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// zombie stops cart at a place for longer than its lease while another process of cart takes over, and wakes it.
func zombie(point string) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		s.endSecond()
		if err := s.zombieRunner(ctx); err != nil {
			return err
		}
		s.cell.Arms = pause(point)
		return s.strikeArms(ctx)
	}
}

// diesMeanwhile kills cart right after the pivot and lets something happen before it is back.
func (s *stage) diesMeanwhile(ctx context.Context, meanwhile func() error) error {
	s.cell.Arms = die("committed checkout.place#1")
	s.cell.Arms[0].ID = s.id
	if err := s.arm("cart", s.cell.Arms...); err != nil {
		return err
	}
	err := wait(ctx, firingTime, "cart dies", func() (bool, error) { return s.shop.Crashed("cart"), nil })
	if err != nil {
		return errors.Join(err, s.arm("cart"))
	}
	return errors.Join(s.arm("cart"), meanwhile(), s.shop.Restart(ctx, "cart"))
}

// runOut ends the time of something by one query, and waits until by another nothing of it is left.
func (s *stage) runOut(ctx context.Context, update, left string) error {
	if _, err := s.db.Exec(ctx, query(update)); err != nil {
		return err
	}
	return wait(ctx, time.Minute, "what ran out is given back", func() (bool, error) {
		n, err := s.count(ctx, left)
		return n == 0, err
	})
}

func giftHoldRunsOut(ctx context.Context, s *stage) error {
	return s.diesMeanwhile(ctx, func() error {
		return s.runOut(ctx, "expire_gift_cards", "overdue_gift_cards")
	})
}

func stockHoldRunsOut(ctx context.Context, s *stage) error {
	return s.diesMeanwhile(ctx, func() error {
		return s.runOut(ctx, "expire_stock", "overdue_stock")
	})
}

// expiryRace lets reservations run out again and again while they are committed.
func expiryRace(ctx context.Context, s *stage) error {
	slow := fault.Arm{ID: s.id, Point: "take InventoryService/CommitReservation", Action: fault.Delay, Milliseconds: 300, Times: -1}
	if err := s.arm("inventory", slow); err != nil {
		return err
	}
	err := s.keepExpiring(ctx, 8*time.Second)
	return errors.Join(err, s.arm("inventory"))
}

func (s *stage) keepExpiring(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		tag, err := s.db.Exec(ctx, query("expire_stock"))
		if err != nil {
			return err
		}
		s.shots.Add(tag.RowsAffected())
		if err := s.pass(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// sweepDies kills inventory while it gives back what ran out.
func sweepDies(ctx context.Context, s *stage) error {
	if err := s.keepExpiring(ctx, time.Duration(4000+s.dice.IntN(3000))*time.Millisecond); err != nil {
		return err
	}
	s.shop.Kill("inventory")
	s.shots.Add(1)
	return s.shop.Restart(ctx, "inventory")
}

func undoBeforeDo(ctx context.Context, s *stage) error {
	conn, err := grpc.NewClient(s.shop.Address("inventory"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	client := inventoryv1.NewInventoryServiceClient(conn)
	return s.together(several, func(int) error {
		reservation := id.New()
		_, err := client.ReleaseReservation(ctx, &inventoryv1.ReleaseReservationRequest{ReservationId: reservation, RequestId: reservation})
		if err != nil {
			return fmt.Errorf("release what never was: %w", err)
		}
		_, err = client.Reserve(ctx, &inventoryv1.ReserveRequest{
			ReservationId: reservation, RequestId: reservation, OrderId: id.Secret(), Channel: "prove-once", TtlSeconds: 60,
			Lines: []*inventoryv1.ReserveLine{{Sku: s.market.SKU(0), Quantity: 1}},
		})
		return must(status.Code(err) == codes.FailedPrecondition, "a reservation after its release answered: %v", err)
	})
}

// noPrices lets cart not reach pricing, and wants that nothing is held meanwhile.
func noPrices(ctx context.Context, s *stage) error {
	if err := s.busy(ctx, buyers/2); err != nil {
		return err
	}
	away := fault.Arm{ID: s.id, Point: "send PricingService/ConfirmQuote", Action: fault.Drop, Times: -1}
	if err := s.arm("cart", away); err != nil {
		return err
	}
	s.shots.Add(1)
	// An order that begins from here on cannot have a certain price.
	err := s.pass(ctx, 200*time.Millisecond)
	since, countErr := s.count(ctx, "clock")
	if err = errors.Join(err, countErr); err == nil {
		err = s.pass(ctx, 3*time.Second)
	}
	n, countErr := s.count(ctx, "reserved_since", since)
	return errors.Join(err, countErr, must(n == 0, "%d reservations were made without a certain price", n), s.arm("cart"))
}

func killDatabase(ctx context.Context, s *stage) error {
	if err := s.busy(ctx, buyers/2+s.dice.IntN(buyers)); err != nil {
		return err
	}
	s.shots.Add(1)
	return errors.Join(s.shop.KillDatabase(), s.pass(ctx, time.Second), s.shop.StartDatabase(ctx))
}

// databaseDiesAt kills Postgres at a place of a program.
func databaseDiesAt(program, point string) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		a := fault.Arm{ID: s.id, Point: point, Action: fault.Delay, Milliseconds: 300, Nth: 1 + s.dice.IntN(spread)}
		if err := s.arm(program, a); err != nil {
			return err
		}
		err := wait(ctx, firingTime, "the place is passed", func() (bool, error) {
			n, err := s.fired(program, s.id)
			return n > 0, err
		})
		if err != nil {
			return err
		}
		s.shots.Add(1)
		return errors.Join(s.shop.KillDatabase(), s.arm(program), s.pass(ctx, time.Second), s.shop.StartDatabase(ctx))
	}
}

// loseCommit loses the answers to a few COMMITs between services and Postgres.
func loseCommit(ctx context.Context, s *stage) error {
	for _, program := range []string{"cart", "payment", "inventory", "cart", "payment"} {
		lost := s.proxy(program + ">postgres").LoseReply("commit\x00")
		select {
		case <-lost:
			s.shots.Add(1)
		case <-time.After(firingTime):
			return fmt.Errorf("%s never commits", program)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// rolling ends every service in order, as a deployment does, and starts it again.
func rolling(ctx context.Context, s *stage) error {
	for _, program := range []string{"product", "pricing", "inventory", "payment", "cart", "gateway"} {
		if err := s.busy(ctx, several); err != nil {
			return err
		}
		s.shop.Terminate(program)
		s.shots.Add(1)
		if err := s.shop.Restart(ctx, program); err != nil {
			return err
		}
	}
	return nil
}

// wrongClock runs a service with a clock that is off.
func wrongClock(program, skew string) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		if err := s.setClock(ctx, program, skew); err != nil {
			return err
		}
		s.shots.Add(1)
		return errors.Join(s.busy(ctx, buyers), s.setClock(ctx, program, ""))
	}
}

// partition lets two processes not hear each other for a while.
func partition(edge string, d time.Duration) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		if err := s.busy(ctx, buyers/2); err != nil {
			return err
		}
		s.proxy(edge).Set(proxy.Silent, 0)
		s.shots.Add(1)
		err := s.pass(ctx, d)
		s.proxy(edge).Set(proxy.Pass, 0)
		return err
	}
}

// dieTogether kills two at once.
func dieTogether(a, b string) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		if err := s.busy(ctx, buyers/2+s.dice.IntN(buyers)); err != nil {
			return err
		}
		s.shop.Kill(a)
		if b == "postgres" {
			if err := s.shop.KillDatabase(); err != nil {
				return err
			}
			s.shots.Add(1)
			return errors.Join(s.pass(ctx, time.Second), s.shop.StartDatabase(ctx), s.shop.Restart(ctx, a))
		}
		s.shop.Kill(b)
		s.shots.Add(1)
		return errors.Join(s.pass(ctx, time.Second), s.shop.Restart(ctx, b), s.shop.Restart(ctx, a))
	}
}
