package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Sign has cosign sign the image of a program where it was pushed to, by its digest, and attest its bill of materials.
//
// COSIGN_KEY names the key: a file, or a key in a service such as awskms:///alias/NAME. COSIGN_ARGS are more arguments, separated by
// blanks, such as --use-signing-config=false --tlog-upload=false for a shop that keeps its images out of the public log.
func (s Store) Sign(ctx context.Context, t Tools, registry, program string) error {
	what := "signature of " + program
	repository, err := repositoryOf(registry, program)
	if err != nil {
		return err
	}
	digest, err := s.Digest(program)
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.BillFile(program)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no bill of materials to sign: run make sbom SERVICE=%s", program)
	}
	key := t.Getenv("COSIGN_KEY")
	if key == "" {
		return &NotRunError{what, "COSIGN_KEY is not set"}
	}
	image := repository.Digest(digest).String()
	more := append([]string{"--yes", "--key", key}, strings.Fields(t.Getenv("COSIGN_ARGS"))...)
	if repository.Scheme() == "http" {
		more = append(more, "--allow-http-registry")
	}
	sign := append(append([]string{"cosign", "sign"}, more...), image)
	attest := append(append([]string{"cosign", "attest"}, more...), "--type", "spdxjson", "--predicate", s.BillFile(program), image)
	for _, one := range []step{{what: what, argv: sign}, {what: "signed bill of materials of " + program, argv: attest}} {
		if err := t.run(ctx, one); err != nil {
			return err
		}
	}
	return nil
}
