package image

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Check makes the image of a program again, from a copy of the sources in another folder, and fails unless it is the one in the
// store to the last bit. The binary must be static and, if it is a service's and can run here, know its version and commit.
func (s Store) Check(ctx context.Context, b Build, p Program, dir string) error {
	want, err := s.Digest(p.Name)
	if err != nil {
		return err
	}
	image, id, err := s.Image(p.Name)
	if err != nil {
		return err
	}
	elsewhere := filepath.Join(dir, "elsewhere")
	if err := copySources(ctx, b.Root, elsewhere); err != nil {
		return err
	}
	b.Root, b.Identity = elsewhere, id
	again, err := Store{Dir: filepath.Join(dir, "image")}.Make(ctx, b, p)
	if err != nil {
		return err
	}
	if again.Digest != want {
		return fmt.Errorf("image of %s: %s here and %s from another folder", p.Name, want, again.Digest)
	}
	binary, _, err := contents(image, p.Name)
	if err != nil {
		return err
	}
	if err := static(binary); err != nil {
		return fmt.Errorf("binary of %s: %w", p.Name, err)
	}
	if b.arch() != runtime.GOARCH || p.Module == "deploy" {
		return nil
	}
	return s.asks(ctx, p, id)
}

// asks runs the binary and wants its version and commit, except of those that are no service and have no such command: they are
// searched for it.
func (s Store) asks(ctx context.Context, p Program, id Identity) error {
	target := filepath.Join(s.files(p.Name), p.Name)
	if filepath.Base(p.Module) != p.Name {
		binary, err := os.ReadFile(target)
		if err == nil && !bytes.Contains(binary, []byte(id.stamp())) {
			err = fmt.Errorf("binary of %s does not know that it is %s", p.Name, id.stamp())
		}
		return err
	}
	said, err := exec.CommandContext(ctx, target, "version").Output()
	if err != nil {
		return fmt.Errorf("%s version: %w", p.Name, err)
	}
	if wanted := p.Name + " " + id.stamp(); strings.TrimSpace(string(said)) != wanted {
		return fmt.Errorf("the binary says that it is %q and should say %q", said, wanted)
	}
	return nil
}

// static wants a binary that needs no loader and no library.
func static(binary []byte) error {
	file, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return err
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			return fmt.Errorf("it is not static: it has a part %s", part.Type)
		}
	}
	return nil
}

// copySources copies what git knows of and what is new, as it is on the disk.
func copySources(ctx context.Context, from, to string) error {
	list, err := git(ctx, from, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "proto", "services", "deploy")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.Trim(list, "\x00"), "\x00") {
		if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	text, err := io.ReadAll(source)
	if err != nil {
		return err
	}
	return write(to, text)
}
