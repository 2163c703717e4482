package prove

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// diskSize is room for a small shop and the log of its first minutes. It is memory only as far as it is written.
	diskSize = 512 << 20
	// fullFor is how long a disk stays full after the first write was refused.
	fullFor = 5 * time.Second
	// refillEvery is how often what Postgres freed meanwhile is taken away from it.
	refillEvery = 20 * time.Millisecond
)

// disk is a small file system in memory. A Postgres whose data lie there meets what a full disk is when the rest of it is taken.
type disk struct {
	dir  string
	stop chan struct{}
	full sync.WaitGroup
}

// mountDisk makes one, which takes the rights of root.
func mountDisk() (*disk, error) {
	dir, err := os.MkdirTemp("", "cartwright-disk-")
	if err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,mode=0755", diskSize)); err != nil {
		return nil, errors.Join(fmt.Errorf("mount a disk: %w", err), os.Remove(dir))
	}
	return &disk{dir: dir}, nil
}

// noDisk is why no disk can be mounted here, empty when one can.
func noDisk() string {
	if os.Geteuid() != 0 {
		return "a small disk is mounted by root only"
	}
	d, err := mountDisk()
	if err == nil {
		err = d.unmount()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// data is where the data lie.
func (d *disk) data() string { return filepath.Join(d.dir, "postgres") }

// fill takes what is free, and what becomes free, until release.
func (d *disk) fill() error {
	ballast, err := os.OpenFile(filepath.Join(d.dir, "ballast"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	d.stop = stop
	d.full.Go(func() {
		defer func() { _ = ballast.Close() }()
		tick := time.NewTicker(refillEvery)
		defer tick.Stop()
		for {
			for _, piece := range []int{1 << 20, 4 << 10} {
				zeros := make([]byte, piece)
				for err = nil; err == nil; {
					_, err = ballast.Write(zeros)
				}
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return nil
}

// release gives the room back. Without a fill it does nothing.
func (d *disk) release() error {
	if d.stop == nil {
		return nil
	}
	close(d.stop)
	d.stop = nil
	d.full.Wait()
	return os.Remove(filepath.Join(d.dir, "ballast"))
}

// unmountTries is how often a disk is unmounted while something that ends still uses it, once every refillEvery.
const unmountTries = 250

// unmount removes the disk with all that is on it. One that somebody still uses goes when the last has left.
func (d *disk) unmount() error {
	_ = d.release()
	err := syscall.Unmount(d.dir, 0)
	for n := 0; errors.Is(err, syscall.EBUSY) && n < unmountTries; n++ {
		<-time.After(refillEvery)
		err = syscall.Unmount(d.dir, 0)
	}
	if err != nil {
		err = syscall.Unmount(d.dir, syscall.MNT_DETACH)
	}
	return errors.Join(err, os.Remove(d.dir))
}

// onSmallDisk runs a task on a shop of its own whose data lie on a small disk.
func (p Plan) onSmallDisk(ctx context.Context, l laneJob, t task) (err error) {
	d, err := mountDisk()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.unmount()) }()
	l.dir, l.disk = l.dir+"-disk", d
	r, err := l.start(ctx, p.Root, 1)
	if err != nil {
		return fmt.Errorf("start a shop on a small disk: %w", err)
	}
	result := r.run(ctx, t)
	if err := l.finish(result); err != nil {
		return errors.Join(err, r.close(ctx))
	}
	switch {
	case len(result.Violations) > 0:
		p.tell(result, r)
		return r.close(ctx)
	case t.cell.Long:
		return r.retire(ctx, map[string]bool{})
	default: // the last audit waits for jobs that are taken up again after a minute, for which only the long run has time
		return errors.Join(r.close(ctx), r.remove())
	}
}

// diskFull lets the disk of Postgres run full until writes are refused, and for a while longer.
func diskFull(ctx context.Context, s *stage) error {
	return s.fillDisk(ctx, func() error { return nil })
}

// logFull lets the disk run full, and then the write-ahead log come to its next segment, for which there is no room: Postgres goes down.
func logFull(ctx context.Context, s *stage) error {
	return s.fillDisk(ctx, func() error {
		return wait(ctx, firingTime, "Postgres goes down", func() (bool, error) {
			_, err := s.db.Exec(ctx, query("next_wal"))
			return err != nil, nil
		})
	})
}

// fillDisk keeps the disk full from before the first refusal until some seconds after then has happened.
func (s *stage) fillDisk(ctx context.Context, then func() error) error {
	if err := s.busy(ctx, buyers/2+s.dice.IntN(buyers)); err != nil {
		return err
	}
	before, err := s.refusedForRoom()
	if err == nil {
		err = s.disk.fill()
	}
	if err != nil {
		return err
	}
	err = wait(ctx, firingTime, "a write is refused because the disk is full", func() (bool, error) {
		n, err := s.refusedForRoom()
		return n > before, err
	})
	if err == nil {
		err = then()
	}
	if err == nil {
		s.shots.Add(1)
		err = s.pass(ctx, fullFor)
	}
	return errors.Join(err, s.disk.release(), s.revive(ctx))
}

// refusedForRoom is how often a service was told that the disk is full, by SQLSTATE 53100 in its log: the log of Postgres lies on the
// disk that is full.
func (r *rig) refusedForRoom() (int, error) {
	logs, err := r.shop.Logs()
	if err != nil {
		return 0, err
	}
	n := 0
	for _, name := range logs {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		n += strings.Count(string(text), "53100")
	}
	return n, nil
}

// revive starts Postgres again if it has ended, as it does when there is no room for its write-ahead log, and waits until it answers.
func (s *stage) revive(ctx context.Context) error {
	return wait(ctx, RecoveryTime, "Postgres answers", func() (bool, error) {
		if s.shop.DatabaseEnded() {
			return false, s.shop.StartDatabase(ctx)
		}
		_, err := s.count(ctx, "clock")
		return err == nil, err
	})
}
