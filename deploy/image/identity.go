package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Identity says what an image was made from. It is all that a build takes besides the sources.
type Identity struct {
	// Version is what people call it, and the tag it is pushed with.
	Version string
	// Revision is the full commit; "-dirty" follows when the sources were not those of the commit.
	Revision string
	// Created is the time of the commit. The clock of the machine is in no image.
	Created time.Time
}

// dirtySuffix marks what cannot be made again from a commit.
const dirtySuffix = "-dirty"

var (
	// versionPattern is what a tag of an image may be.
	versionPattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	revisionPattern = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?(-dirty)?$`)
)

// Dirty tells that the sources were changed after the commit.
func (i Identity) Dirty() bool { return strings.HasSuffix(i.Revision, dirtySuffix) }

// stamp is what the binary calls itself: version and commit in one word.
func (i Identity) stamp() string {
	short := i.Revision[:min(12, len(i.Revision))]
	if strings.Contains(i.Version, short) {
		return i.Version
	}
	return i.Version + "+" + short
}

// Identify asks git what the sources at root are. VERSION in the environment names a release, else the version is made of the
// commit's time and name. REVISION and SOURCE_DATE_EPOCH stand in for git where there is only an archive of the sources.
func Identify(ctx context.Context, root string, getenv func(string) string) (Identity, error) {
	id := Identity{Version: getenv("VERSION"), Revision: getenv("REVISION")}
	dirty := false
	if id.Revision == "" {
		text, err := git(ctx, root, "rev-parse", "HEAD")
		if err != nil {
			return Identity{}, fmt.Errorf("which commit is this? Set REVISION where there is no git: %w", err)
		}
		id.Revision = text
		changes, err := git(ctx, root, "status", "--porcelain", "--", "proto", "services", "deploy")
		if err != nil {
			return Identity{}, err
		}
		dirty = changes != ""
	}
	created, err := createdAt(ctx, root, getenv("SOURCE_DATE_EPOCH"), strings.TrimSuffix(id.Revision, dirtySuffix))
	if err != nil {
		return Identity{}, err
	}
	id.Created = created
	if id.Version == "" {
		id.Version = "0.0.0-" + created.Format("20060102150405") + "-" + id.Revision[:min(12, len(id.Revision))]
	}
	if dirty {
		id.Version, id.Revision = id.Version+dirtySuffix, id.Revision+dirtySuffix
	}
	return id, id.validate()
}

func (i Identity) validate() error {
	switch {
	case !versionPattern.MatchString(i.Version):
		return fmt.Errorf("%q cannot be a version: letters, digits, '.', '_' and '-', at most 128", i.Version)
	case !revisionPattern.MatchString(i.Revision):
		return fmt.Errorf("%q is no commit: its full name is needed", i.Revision)
	}
	return nil
}

func createdAt(ctx context.Context, root, epoch, revision string) (time.Time, error) {
	if epoch == "" {
		text, err := git(ctx, root, "show", "--no-patch", "--format=%ct", revision)
		if err != nil {
			return time.Time{}, fmt.Errorf("when was it committed? Set SOURCE_DATE_EPOCH where there is no git: %w", err)
		}
		epoch = text
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("the time of the sources: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func git(ctx context.Context, root string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	command.Dir = root
	var problems bytes.Buffer
	command.Stderr = &problems
	text, err := command.Output()
	if err != nil {
		return "", errors.Join(fmt.Errorf("git %s: %w", strings.Join(arguments, " "), err), errors.New(strings.TrimSpace(problems.String())))
	}
	return strings.TrimSpace(string(text)), nil
}
